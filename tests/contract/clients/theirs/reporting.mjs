// @itwin/insights-client 0.6.0, the last version that asks Reporting for extractions.
export default ({ origin, load, token }) => {
  const { ExtractionClient } = load("@itwin/insights-client");
  const client = new ExtractionClient(`${origin}/insights/reporting`);
  return {
    reporting: {
      status: async ({ jobId }) => client.getExtractionStatus(await token(), jobId),
      evidence: async ({ jobId, top }) => client.getExtractionLogs(await token(), jobId, top ?? undefined),
      start: async ({ given }) => client.runExtraction(await token(), given.iModelId, {}),
    },
  };
};

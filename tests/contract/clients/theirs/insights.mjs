// @itwin/insights-client 0.17.0: Grouping & Mapping, and Carbon Calculation.
export default ({ origin, load, token }) => {
  const { CarbonUploadState, EC3JobsClient, ExtractionClient, ExtractionState, OCLCAJobsClient } = load("insights-0.17");
  const extractions = new ExtractionClient(`${origin}/grouping-and-mapping`);
  const ec3 = new EC3JobsClient(`${origin}/insights/carbon-calculation`);
  const oneClickLca = new OCLCAJobsClient(`${origin}/insights/carbon-calculation`);
  return {
    "grouping-and-mapping": {
      words: () => Object.values(ExtractionState),
      status: async ({ extractionId }) => extractions.getExtractionStatus(await token(), extractionId),
      evidence: async ({ extractionId, top }) => {
        const entries = [];
        for await (const entry of extractions.getExtractionLogsIterator(await token(), extractionId, top ?? undefined)) {
          entries.push(entry);
        }
        return entries;
      },
      start: async ({ given }) => extractions.runExtraction(await token(), given),
    },
    "carbon-ec3": {
      words: () => Object.values(CarbonUploadState),
      status: async ({ jobId }) => ec3.getEC3JobStatus(await token(), jobId),
      start: async ({ given }) => ec3.createJob(await token(), given),
    },
    "carbon-oneclicklca": {
      words: () => Object.values(CarbonUploadState),
      status: async ({ jobId }) => oneClickLca.getOCLCAJobStatus(await token(), jobId),
      start: async ({ given }) => oneClickLca.createJob(await token(), given),
    },
  };
};

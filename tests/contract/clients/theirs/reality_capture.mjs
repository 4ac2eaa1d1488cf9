// @itwin/reality-capture: Reality Analysis and Reality Modeling, version 2.
// It returns errors, and reads anything; so what it reads goes through its own schemas here.
export default ({ origin, load, token }) => {
  const { JobState, MessagesSchema, ProgressSchema, RealityCaptureService, Service } = load("@itwin/reality-capture");
  const client = new RealityCaptureService({ getAccessToken: token });
  client._serviceUrl = `${origin}/`; // there is no option for it

  const read = (schema, response) => {
    if (response.isError()) {
      throw { name: response.error.error.code, status: response.status_code };
    }
    return schema ? schema.strict().parse(response.value) : response.value;
  };

  const asked = (service) => ({
    words: () => Object.values(JobState),
    status: async ({ jobId }) => read(ProgressSchema, await client.getJobProgress(jobId, service)),
    start: async ({ given }) => read(null, await client.submitJob(given)), // its type tells the service
    evidence: async ({ jobId }) => read(MessagesSchema, await client.getJobMessages(jobId, service)),
  });
  return { "reality-analysis-v2": asked(Service.ANALYSIS), "reality-modeling": asked(Service.MODELING) };
};

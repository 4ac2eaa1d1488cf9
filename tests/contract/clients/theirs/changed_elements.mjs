// @itwin/changed-elements-react: its two clients, by path, since the package itself wants React.
export default async ({ origin, open, token }) => {
  const [{ ComparisonJobClient }, { DiffJobClient }] = await Promise.all(
    ["ComparisonJobClient", "DiffJobClient"].map((name) => open(`@itwin/changed-elements-react/lib/esm/clients/${name}.js`)),
  );
  const options = { baseUrl: `${origin}/changedelements`, getAccessToken: token, iModelsClient: {} };

  const asked = (client) => ({
    status: async (job) => (await client.getComparisonJob(job)).comparisonJob,
    start: async ({ given }) => (await client.postComparisonJob(given)).comparisonJob,
  });
  return {
    "changed-elements": asked(new ComparisonJobClient(options)),
    "changed-elements-v3": asked(new DiffJobClient(options)),
  };
};

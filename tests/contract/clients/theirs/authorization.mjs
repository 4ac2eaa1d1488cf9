// @itwin/service-authorization: the tokens that all the others use.
export default ({ origin, load }) => {
  const { ServiceAuthorizationClient } = load("@itwin/service-authorization");
  let client;
  return {
    renew({ clientId, clientSecret }) {
      client = new ServiceAuthorizationClient({ clientId, clientSecret, scope: "itwin-platform", authority: origin });
    },
    token: () => client.getAccessToken(), // with its scheme, "Bearer"
  };
};

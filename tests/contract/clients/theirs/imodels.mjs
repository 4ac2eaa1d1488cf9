// @itwin/imodels-client-management: creation of an iModel, and checkpoints.
export default ({ origin, load, token }) => {
  const { CheckpointState, IModelCreationState, IModelsClient } = load("@itwin/imodels-client-management");
  const client = new IModelsClient({ api: { baseUrl: `${origin}/imodels` } });
  const authorization = async () => {
    const [scheme, secret] = (await token()).split(" ");
    return { scheme, token: secret };
  };
  return {
    "imodels-create": {
      words: () => Object.values(IModelCreationState),
      status: ({ iModelId }) => client.operations.getCreateIModelDetails({ authorization, iModelId }),
      isDone: ({ iModelId }) => client.iModels.isIModelForkInitialized({ authorization, iModelId }), // private there
      start: ({ given }) => client.iModels.createEmpty({ authorization, iModelProperties: given }),
      clone: ({ iModelId, given }) => client.iModels.clone({ authorization, iModelId, iModelProperties: given }),
      fork: ({ iModelId, given }) => client.iModels.fork({ authorization, iModelId, iModelProperties: given }),
    },
    "imodels-checkpoint": {
      words: () => Object.values(CheckpointState),
      status: ({ iModelId, namedVersionId, changesetId }) =>
        client.checkpoints.getSingle({ authorization, iModelId, namedVersionId, changesetId }),
      again: (named) => client.checkpoints.updateNamedVersionCheckpoint({ authorization, ...named }),
    },
  };
};

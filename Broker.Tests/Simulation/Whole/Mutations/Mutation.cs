namespace Broker.Tests.Simulation.Whole.Mutations;

/// <summary>A deliberate fault, put in the place of what the product does, that the simulation must find.</summary>
public enum Mutation
{
    None,

    /// <summary>A publish is now and then answered <c>OK</c> and never appended.</summary>
    OkBeforeAppend,

    /// <summary>The topic does not know a publish again that is sent once more.</summary>
    RetryForgotten,

    /// <summary>What is deferred comes five seconds early.</summary>
    DeferralEarly,

    /// <summary>What is deferred comes ten minutes late.</summary>
    DeferralLate,

    /// <summary>A requeued message is taken for finished.</summary>
    RequeueDropped,

    /// <summary>A finished message stays in flight.</summary>
    FinishForgotten,

    /// <summary>The channel does not hear what credit a consumer has.</summary>
    CreditForgotten,

    /// <summary>Consumers that attach again have no credit.</summary>
    CreditLostOnAttach,

    /// <summary>A channel is said to be paused and is not.</summary>
    PauseIgnored,

    /// <summary>A channel is said to go on and stays paused.</summary>
    ResumeForgotten,

    /// <summary>The log is trimmed to its end, whatever channels still need.</summary>
    TrimmedEarly,

    /// <summary>A topic whose log another silo has taken over goes on as if it had it.</summary>
    FenceForgotten,

    /// <summary>A topic does not hear of what its silo's own gateway has appended.</summary>
    NoteForgotten,

    /// <summary>fsync does nothing.</summary>
    SyncSkipped,
}

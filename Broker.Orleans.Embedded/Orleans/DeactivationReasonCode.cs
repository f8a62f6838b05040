namespace Orleans;

/// <summary>Why an activation goes.</summary>
[GenerateSerializer]
public enum DeactivationReasonCode : byte
{
    /// <summary>No reason was given.</summary>
    None,

    /// <summary>The process is stopping.</summary>
    ShuttingDown,

    /// <summary>The constructor, the state's storage or <see cref="IGrainBase.OnActivateAsync"/> failed.</summary>
    ActivationFailed,

    /// <summary>Never used by the embedded host, which has no directory.</summary>
    DirectoryFailure,

    /// <summary>No request came for longer than the collection age.</summary>
    ActivationIdle,

    /// <summary>Never used by the embedded host.</summary>
    ActivationUnresponsive,

    /// <summary>Never used by the embedded host.</summary>
    DuplicateActivation,

    /// <summary>Never used by the embedded host.</summary>
    IncompatibleRequest,

    /// <summary>The grain failed.</summary>
    ApplicationError,

    /// <summary>The grain asked for it.</summary>
    ApplicationRequested,

    /// <summary>Never used by the embedded host.</summary>
    Migrating,

    /// <summary>The host was told to.</summary>
    RuntimeRequested,

    /// <summary>Never used by the embedded host.</summary>
    HighMemoryPressure,
}

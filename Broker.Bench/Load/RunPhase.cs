namespace Broker.Bench.Load;

/// <summary>How far a run has come.</summary>
public enum RunPhase
{
    /// <summary>Full work, not measured.</summary>
    WarmingUp,

    /// <summary>Full work, measured.</summary>
    Measuring,

    /// <summary>Nothing new is published; what is under way is waited for.</summary>
    Draining,

    /// <summary>The connections are left alone.</summary>
    Stopped,
}

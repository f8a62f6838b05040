namespace Broker.Tests.Cluster.Failover;

/// <summary>What happens to a silo.</summary>
public enum Fault
{
    /// <summary>SIGKILL: the process ends, and its connections are closed by the kernel.</summary>
    Kill,

    /// <summary>SIGSTOP: the process does nothing, and its connections stay.</summary>
    Hang,

    /// <summary>Nothing goes between it and the other silos; it reaches the database and its clients.</summary>
    CutOff,
}

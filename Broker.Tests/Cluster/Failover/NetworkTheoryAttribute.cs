namespace Broker.Tests.Cluster.Failover;

/// <summary>A theory that makes networks of its own, for which the kernel asks for the rights of root.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetworkTheoryAttribute : TheoryAttribute
{
    public NetworkTheoryAttribute()
    {
        if (!HostNetwork.IsAllowed) Skip = "networks are made by root alone: run it as root";
    }
}

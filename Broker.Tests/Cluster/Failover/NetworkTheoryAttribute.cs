using Broker.Tests.Running;

namespace Broker.Tests.Cluster.Failover;

/// <summary>A theory that makes networks of its own, where it may.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetworkTheoryAttribute : TheoryAttribute
{
    public NetworkTheoryAttribute()
    {
        if (!HostNetwork.IsAllowed) Skip = "the kernel lets this process make no network: run it as root, with CAP_NET_ADMIN";
    }
}

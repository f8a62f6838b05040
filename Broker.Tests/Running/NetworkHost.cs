using System.Net;

namespace Broker.Tests.Running;

/// <summary>A host of a <see cref="HostNetwork"/>.</summary>
/// <param name="Namespace">The kernel's name of its network.</param>
/// <param name="Address">Where the others reach it.</param>
internal sealed record NetworkHost(string Namespace, IPAddress Address)
{
    /// <summary>What a command line begins with, for it to run on this host.</summary>
    public IReadOnlyList<string> Prefix => ["ip", "netns", "exec", Namespace];
}

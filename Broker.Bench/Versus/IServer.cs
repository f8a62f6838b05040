using Broker.Bench.Load;
using Broker.Bench.Sockets;

namespace Broker.Bench.Versus;

/// <summary>A server that runs, until it is disposed of.</summary>
internal interface IServer : IAsyncDisposable
{
    /// <summary>Its version, as it tells it.</summary>
    string Version { get; }

    /// <summary>Its processes; what else belongs to it are children of them.</summary>
    IReadOnlyList<int> Pids { get; }

    /// <summary>Where it listens for clients.</summary>
    ServerAddress Address { get; }

    /// <summary>Makes the connections that carry out a plan on it.</summary>
    ITraffic Connect(LoadPlan plan, RunControl run);

    /// <summary>Deletes the topics of a plan, so that they cost the next one nothing.</summary>
    Task DeleteAsync(LoadPlan plan);
}

using Broker.Gateway.Connections;
using Broker.Health;
using Broker.Topics;

namespace Broker.Gateway.Http.Health;

/// <summary>Whether grains answer: the directory is asked for nothing.</summary>
/// <param name="gateway">Knows where grains are found.</param>
internal sealed class GrainCheck(NsqGateway gateway) : IReadinessCheck
{
    /// <inheritdoc/>
    public string Name => "grains";

    /// <inheritdoc/>
    public async ValueTask<string?> CheckAsync(CancellationToken cancellation)
    {
        await gateway.Grains.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key).TopologyAsync([]).AsTask().WaitAsync(cancellation);
        return null;
    }
}

using Broker.Health;
using Broker.Storage;

namespace Broker.Silo.Hosting;

/// <summary>Whether the store can write, now.</summary>
/// <param name="store">The store of the messages.</param>
internal sealed class StoreCheck(IMessageStore store) : IReadinessCheck
{
    /// <inheritdoc/>
    public string Name => "storage";

    /// <inheritdoc/>
    public async ValueTask<string?> CheckAsync(CancellationToken cancellation) => await store.ProbeAsync().AsTask().WaitAsync(cancellation);
}

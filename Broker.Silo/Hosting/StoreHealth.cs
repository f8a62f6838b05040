using Broker.Health;
using Broker.Storage;

namespace Broker.Silo.Hosting;

/// <summary>The health of the store, told to those who must not know the store itself.</summary>
/// <param name="store">The store of the messages.</param>
internal sealed class StoreHealth(IMessageStore store) : IHealthSource
{
    /// <inheritdoc/>
    public string? Failure => store.Failure;
}

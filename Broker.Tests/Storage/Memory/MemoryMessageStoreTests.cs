using Broker.Storage;
using Broker.Storage.Memory;

namespace Broker.Tests.Storage.Memory;

/// <summary>The store in memory keeps what every store promises.</summary>
public sealed class MemoryMessageStoreTests : StoreContract
{
    protected override ValueTask<IMessageStore> OpenStoreAsync() => new(new MemoryMessageStore());
}

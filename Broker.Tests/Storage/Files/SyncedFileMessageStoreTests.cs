namespace Broker.Tests.Storage.Files;

/// <summary>The store on disk keeps what every store promises when each write is synced.</summary>
public sealed class SyncedFileMessageStoreTests : FileMessageStoreTests
{
    protected override long SyncEvery => 1;
}

using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;

namespace Broker.Tests.Storage.Files;

/// <summary>The store on disk keeps what every store promises, with the default policy of fsync.</summary>
public class FileMessageStoreTests : StoreContract
{
    private readonly TemporaryFolder _folder = new();

    internal RecordedLog Log { get; } = new();

    protected virtual long SyncEvery => 2500;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
        Assert.DoesNotContain(Log.Problems, problem => !problem.Contains("offsets go on", StringComparison.Ordinal));
    }

    protected override async ValueTask<IMessageStore> OpenStoreAsync() => await FileMessageStore.OpenAsync(
        new StorageOptions { DataPath = _folder.Path, SyncEvery = SyncEvery }, Log, TimeProvider.System);
}

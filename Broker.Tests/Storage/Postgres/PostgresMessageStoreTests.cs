using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Postgres;
using Broker.Tests.Running;
using Broker.Tests.Storage.Files;

namespace Broker.Tests.Storage.Postgres;

/// <summary>The store in PostgreSQL keeps what every store promises.</summary>
public sealed class PostgresMessageStoreTests : StoreContract
{
    internal RecordedLog Log { get; } = new();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Assert.DoesNotContain(Log.Problems, problem => !problem.Contains("fsync", StringComparison.Ordinal));
    }

    protected override async ValueTask<IMessageStore> OpenStoreAsync() => await PostgresMessageStore.OpenAsync(
        new PostgresOptions { ConnectionString = (await PostgresServer.SharedAsync()).ConnectionString, Schema = TestStorage.NewSchema() },
        new StorageOptions(),
        Log);
}

using Broker.Silo.Settings;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Storage.Memory;
using Broker.Storage.Postgres;
using Microsoft.Extensions.Logging;

namespace Broker.Silo.Hosting;

/// <summary>Opens the store that the operator chose.</summary>
internal static class StoreFactory
{
    /// <exception cref="StoreException">It cannot be opened; the message says why.</exception>
    public static async Task<IMessageStore> OpenAsync(BrokerSettings settings, ILoggerFactory loggers, TimeProvider time, StorageMetrics metrics) =>
        settings.StorageKind switch
        {
            StorageKind.Memory => new MemoryMessageStore(TimeProvider.System),
            // Whoever waits for a database waits by the machine's clock, whatever the broker's own says.
            StorageKind.Postgres => await PostgresMessageStore.OpenAsync(
                settings.Postgres, settings.Storage, loggers.CreateLogger<PostgresMessageStore>(), metrics),
            StorageKind.Files => await FileMessageStore.OpenAsync(
                settings.Storage, loggers.CreateLogger<FileMessageStore>(), time, new DiskFiles(OpenFiles.ForStorage), metrics: metrics),
            _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.StorageKind, "unknown kind of storage"),
        };
}

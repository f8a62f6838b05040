using Broker.Silo.Settings;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Storage.Memory;
using Microsoft.Extensions.Logging;

namespace Broker.Silo.Hosting;

/// <summary>Opens the store that the operator chose.</summary>
internal static class StoreFactory
{
    /// <exception cref="StoreException">It cannot be opened; the message says why.</exception>
    public static async Task<IMessageStore> OpenAsync(BrokerSettings settings, ILoggerFactory loggers, TimeProvider time, StorageMetrics metrics) =>
        settings.StorageKind switch
        {
            StorageKind.Memory => new MemoryMessageStore(),
            StorageKind.Files => await FileMessageStore.OpenAsync(settings.Storage, loggers.CreateLogger<FileMessageStore>(), time, metrics: metrics),
            _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.StorageKind, "unknown kind of storage"),
        };
}

using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Broker.Admin;
using Broker.Gateway.Telemetry;
using Broker.Silo.Cluster;
using Broker.Silo.Settings;

namespace Broker.Silo.Hosting;

/// <summary>What this process is made of, for the admin web's cluster page.</summary>
/// <param name="settings">What the operator chose.</param>
/// <param name="clock">When it started.</param>
/// <param name="cluster">The silos and their grains.</param>
internal sealed class SiloParts(BrokerSettings settings, BrokerClock clock, ClusterParts cluster) : IClusterParts
{
    private const string Silo = "This silo";
    private const string Storage = "Storage";
    private const string Versions = "Versions";

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ClusterPart>> DescribeAsync(CancellationToken cancellation) =>
    [
        new(Silo, "process", string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} on {Dns.GetHostName()}")),
        new(Silo, "started", clock.StartTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)),
        new(Silo, "node number", settings.Queue.NodeId.ToString(CultureInfo.InvariantCulture)),
        new(Silo, "memory", string.Create(CultureInfo.InvariantCulture, $"{Environment.WorkingSet >> 20} MB in use, {GC.GetTotalMemory(false) >> 20} MB of it managed")),
        new(Silo, "processors", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
        .. await cluster.DescribeAsync(cancellation),
        new(Storage, "messages kept in", settings.StorageKind.ToString().ToLowerInvariant()),
        .. settings.StorageKind == StorageKind.Files ? Disk() : [],
        new(Versions, "broker", Product.Version),
        new(Versions, "compatible with NSQ", settings.Gateway.Version),
        new(Versions, ".NET", Environment.Version.ToString()),
        new(Versions, "operating system", RuntimeInformation.OSDescription),
    ];

    private ClusterPart[] Disk()
    {
        DriveInfo drive = new(settings.Storage.DataPath);
        return
        [
            new(Storage, "data path", settings.Storage.DataPath),
            new(Storage, "free disk space", string.Create(CultureInfo.InvariantCulture, $"{drive.AvailableFreeSpace >> 20} of {drive.TotalSize >> 20} MB")),
            new(Storage, "fsync", string.Create(CultureInfo.InvariantCulture,
                $"every {settings.Storage.SyncEvery} messages, or after {settings.Storage.SyncTimeout.TotalSeconds} s")),
        ];
    }
}

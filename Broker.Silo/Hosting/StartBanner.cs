using Broker.Silo.Flags;
using Broker.Silo.Settings;
using Microsoft.Extensions.Logging;

namespace Broker.Silo.Hosting;

/// <summary>The first lines of the log: what runs, and where it is served.</summary>
public sealed partial class StartBanner(ILogger<StartBanner> logger)
{
    /// <summary>Writes the lines of the admin web alone, after its listener is bound.</summary>
    public void WriteAdmin(IEnumerable<Listener> listeners)
    {
        LogVersion(Product.BannerOf(FlagCatalogue.Nsqadmin));
        foreach (Listener listener in listeners) LogListener(listener.Protocol, listener.BoundTo);
    }

    /// <summary>Writes the lines of the lookup service alone, after its listeners are bound.</summary>
    public void WriteLookup(IEnumerable<Listener> listeners)
    {
        LogVersion(Product.BannerOf("nsqlookupd"));
        foreach (Listener listener in listeners) LogListener(listener.Protocol, listener.BoundTo);
    }

    /// <summary>Writes the lines of a gateway by itself, after its listeners are bound.</summary>
    public void WriteGateway(IEnumerable<Listener> listeners)
    {
        LogVersion(Product.BannerOf(FlagCatalogue.Gateway));
        foreach (Listener listener in listeners) LogListener(listener.Protocol, listener.BoundTo);
    }

    /// <summary>Writes the lines, after the listeners are bound.</summary>
    public void Write(BrokerSettings settings, IEnumerable<Listener> listeners)
    {
        LogVersion(Product.BannerOf("nsqd"));
        LogNode(settings.Queue.NodeId);
        LogStorage(settings.StorageKind.ToString().ToLowerInvariant(), settings.Storage.DataPath);
        if (settings.IsClustered) LogCluster(settings.Cluster.ClusterId, settings.Cluster.SiloPort);
        foreach (Listener listener in listeners) LogListener(listener.Protocol, listener.BoundTo);
    }

    private void LogVersion(string version)
    {
        LogLine(version);
        LogLine(Product.Own);
    }

    [LoggerMessage(6000, LogLevel.Information, "{Version}")]
    private partial void LogLine(string version);

    [LoggerMessage(6001, LogLevel.Information, "ID: {NodeId}")]
    private partial void LogNode(int nodeId);

    [LoggerMessage(6002, LogLevel.Information, "messages in {Storage}, data path {DataPath}")]
    private partial void LogStorage(string storage, string dataPath);

    [LoggerMessage(6004, LogLevel.Information, "cluster {Id}, silo port {Port}")]
    private partial void LogCluster(string id, int port);

    // These words are nsqd's: scripts wait for them.
    [LoggerMessage(6003, LogLevel.Information, "{Protocol}: listening on {Address}")]
    private partial void LogListener(string protocol, string address);
}

using Broker.Silo.Flags;
using Broker.Silo.Settings;
using Microsoft.Extensions.Logging;

namespace Broker.Silo.Hosting;

/// <summary>The first lines of the log: what runs, where it is served, and that it is ready.</summary>
/// <param name="chosen">What the operator chose.</param>
/// <param name="logger">The log.</param>
public sealed partial class StartBanner(BrokerSettings chosen, ILogger<StartBanner> logger)
{
    /// <summary>Writes the lines of the admin web alone, after its listener is bound.</summary>
    public void WriteAdmin(IReadOnlyList<Listener> listeners)
    {
        LogVersion(Product.BannerOf(FlagCatalogue.Nsqadmin));
        LogListeners(listeners, ReadyLine.OfAdmin(listeners));
    }

    /// <summary>Writes the lines of the lookup service alone, after its listeners are bound.</summary>
    public void WriteLookup(IReadOnlyList<Listener> listeners)
    {
        LogVersion(Product.BannerOf("nsqlookupd"));
        LogListeners(listeners, ReadyLine.Plain);
    }

    /// <summary>Writes the lines of a gateway by itself, after its listeners are bound.</summary>
    public void WriteGateway(BrokerSettings settings, IReadOnlyList<Listener> listeners)
    {
        LogVersion(Product.BannerOf(FlagCatalogue.Gateway));
        LogListeners(listeners, ReadyLine.OfBroker(settings.Gateway, listeners));
    }

    /// <summary>Writes the lines, after the listeners are bound.</summary>
    public void Write(BrokerSettings settings, IReadOnlyList<Listener> listeners)
    {
        LogVersion(Product.BannerOf("nsqd"));
        LogNode(settings.Queue.NodeId);
        LogStorage(settings.StorageKind.ToString().ToLowerInvariant(), settings.Storage.DataPath);
        if (settings.IsClustered) LogCluster(settings.Cluster.ClusterId, settings.Cluster.SiloPort);
        LogListeners(listeners, ReadyLine.OfBroker(settings.Gateway, listeners));
    }

    private void LogListeners(IReadOnlyList<Listener> listeners, string ready)
    {
        foreach (Listener listener in listeners) LogListener(listener.Protocol, listener.BoundTo);
        LogLine(ready);
    }

    private void LogVersion(string version)
    {
        LogLine(version);
        LogLine(Product.Own);
        foreach (string warning in chosen.Warnings) LogIgnored(warning);
    }

    [LoggerMessage(6000, LogLevel.Information, "{Text}")]
    private partial void LogLine(string text);

    [LoggerMessage(6001, LogLevel.Information, "ID: {NodeId}")]
    private partial void LogNode(int nodeId);

    [LoggerMessage(6002, LogLevel.Information, "messages in {Storage}, data path {DataPath}")]
    private partial void LogStorage(string storage, string dataPath);

    [LoggerMessage(6004, LogLevel.Information, "cluster {Id}, silo port {Port}")]
    private partial void LogCluster(string id, int port);

    [LoggerMessage(6005, LogLevel.Warning, "{Text}")]
    private partial void LogIgnored(string text);

    // These words are nsqd's: scripts wait for them.
    [LoggerMessage(6003, LogLevel.Information, "{Protocol}: listening on {Address}")]
    private partial void LogListener(string protocol, string address);
}

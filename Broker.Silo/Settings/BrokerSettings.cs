using Broker.Policies;
using Microsoft.Extensions.Logging;

namespace Broker.Silo.Settings;

/// <summary>All that an operator chose, checked: what <see cref="Hosting.BrokerHost"/> composes a broker from.</summary>
public sealed class BrokerSettings
{
    /// <summary>Limits of topics and channels, and the node's number.</summary>
    public QueueOptions Queue { get; } = new();

    /// <summary>How messages are kept. The data path is absolute here.</summary>
    public StorageOptions Storage { get; } = new();

    /// <summary>Where clients are served and what they may ask for.</summary>
    public GatewayOptions Gateway { get; } = new();

    /// <summary>Where the lookup service is served; nowhere unless addresses are set.</summary>
    public LookupOptions Lookup { get; } = new();

    /// <summary>Which store keeps the messages.</summary>
    public StorageKind StorageKind { get; set; }

    /// <summary>The least severe level that is logged.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>What each log line begins with.</summary>
    public string LogPrefix { get; set; } = "";
}

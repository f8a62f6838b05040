using Broker.Admin;
using Broker.Lookup;
using Broker.Policies;
using Broker.Serving.Http.Protection;
using Broker.Silo.Logging;
using Microsoft.Extensions.Logging;

namespace Broker.Silo.Settings;

/// <summary>All that an operator chose, checked: what <see cref="Hosting.BrokerHost"/> composes a broker from.</summary>
public sealed class BrokerSettings
{
    /// <summary>Limits of topics and channels, and the node's number.</summary>
    public QueueOptions Queue { get; } = new();

    /// <summary>How messages are kept. The data path is absolute here.</summary>
    public StorageOptions Storage { get; } = new();

    /// <summary>Which PostgreSQL database keeps messages, where one does.</summary>
    public PostgresOptions Postgres { get; } = new();

    /// <summary>Where clients are served and what they may ask for.</summary>
    public GatewayOptions Gateway { get; } = new();

    /// <summary>What those who come by HTTP may cost.</summary>
    public HttpOptions Http { get; } = new();

    /// <summary>Where the lookup service is served; nowhere unless addresses are set.</summary>
    public LookupOptions Lookup { get; } = new();

    /// <summary>Where the admin web is served and what it shows; nowhere unless an address is set.</summary>
    public AdminOptions Admin { get; } = new();

    /// <summary>What operators see from outside.</summary>
    public TelemetryOptions Telemetry { get; } = new();

    /// <summary>How silos and gateways of a cluster find each other; of no effect for a broker by itself.</summary>
    public ClusterSettings Cluster { get; } = new();

    /// <summary>
    /// How long the process takes to end at most, from when it was told to and <see cref="TelemetryOptions.ShutdownDelay"/> has passed. Shorter than the
    /// 30 s that orchestrators wait.
    /// </summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Which store keeps the messages.</summary>
    public StorageKind StorageKind { get; set; }

    /// <summary>Whether this silo belongs to a cluster: of all that keep their messages in the same schema of a database.</summary>
    public bool IsClustered => StorageKind == StorageKind.Postgres;

    /// <summary>Whether nobody chose the node's number, so that it is derived when the data path is open.</summary>
    public bool IsNodeIdDerived { get; set; }

    /// <summary>Sets what is logged while the broker runs.</summary>
    public LogLevelSwitch LogLevels { get; } = new();

    /// <summary>The least severe level that is logged.</summary>
    public LogLevel LogLevel
    {
        get => LogLevels.Level;
        set => LogLevels.Level = value;
    }

    /// <summary>The value of every flag by its key in the config file, as tools read them; empty unless flags were read.</summary>
    public Dictionary<string, object?> Options { get; } = new(StringComparer.Ordinal);

    /// <summary>What was written and is ignored, a line each.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>What each log line begins with.</summary>
    public string LogPrefix { get; set; } = "";

    /// <summary>How log lines are written.</summary>
    public LogFormat LogFormat { get; set; }

    /// <summary>Lines of one kind of event that are logged in a second at most; 0 for no limit.</summary>
    public int LogRateLimit { get; set; } = 100;
}

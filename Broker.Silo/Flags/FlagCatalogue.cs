using System.Collections.Frozen;
using Broker.Policies;
using Broker.Silo.Settings;

namespace Broker.Silo.Flags;

/// <summary>Every flag there is: the one table that parsing, help, environment, config file and defaults are read from.</summary>
public sealed class FlagCatalogue
{
    /// <summary>The name of nsqd's experiment that became a setting here.</summary>
    public const string TopologyExperiment = "topology-aware-consumption";

    /// <summary>Where messages are kept when nobody says anything.</summary>
    public const string DefaultStorage = "files";

    /// <summary>The flag that names the config file.</summary>
    public const string Config = "config";

    /// <summary>What the admin web by itself calls itself.</summary>
    public const string Nsqadmin = "nsqadmin";

    /// <summary>What a gateway by itself calls itself.</summary>
    public const string Gateway = "gateway";

    /// <summary>The flag that asks for the version.</summary>
    public const string Version = "version";

    private readonly FrozenDictionary<string, Flag> _byName;
    private readonly FrozenDictionary<string, Flag> _byConfigKey;

    private FlagCatalogue(string program, IReadOnlyList<Flag> flags)
    {
        Program = program;
        Flags = flags;
        _byName = flags.ToFrozenDictionary(flag => flag.Name);
        _byConfigKey = flags.Where(flag => flag.ConfigKey.Length > 0).ToFrozenDictionary(flag => flag.ConfigKey);
    }

    /// <summary>What the program calls itself in its log and its version.</summary>
    public string Program { get; }

    /// <summary>All flags in the order in which help lists them.</summary>
    public IReadOnlyList<Flag> Flags { get; }

    /// <summary>Whether topics are hosted by these flags.</summary>
    public bool HostsTopics => Find("storage") is not null;

    /// <summary>The flag of that name, or null.</summary>
    public Flag? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The flag that a key of the config file stands for, or null.</summary>
    public Flag? FindConfigKey(string key) => _byConfigKey.GetValueOrDefault(key);

    /// <summary>The flags of a broker with all that belongs to it, on loopback.</summary>
    public static FlagCatalogue ForAll() => new("nsqd",
    [
        .. General("broker"),
        .. Broker("127.0.0.1", FlagType.NewDirectory, "data"),
        .. FlagGroup.Of(FlagGroup.Lookup, LookupService("discovery-", "127.0.0.1")),
        .. FlagGroup.Of(FlagGroup.Lookup, LookupPatience()),
        .. FlagGroup.Of(FlagGroup.Admin, AdminFlags.Beside()),
        .. FlagGroup.Of(FlagGroup.Limits, HttpFlags.All()),
    ]);

    /// <summary>The flags of nsqd.</summary>
    public static FlagCatalogue ForNsqd() => new("nsqd",
    [
        .. General("nsqd"),
        .. Broker("0.0.0.0", FlagType.Directory, ""),
        .. FlagGroup.Of(FlagGroup.Limits, HttpFlags.All()),
    ]);

    /// <summary>The flags of nsqlookupd (spec 6.2).</summary>
    public static FlagCatalogue ForNsqlookupd() => new("nsqlookupd",
    [
        .. General("nsqlookupd"),
        .. FlagGroup.Of(FlagGroup.Lookup, LookupService("", "0.0.0.0")),
        new Flag<string>("broadcast-address", FlagType.Text, "", "host under which nodes are told to reach the HTTP API; this host's name if empty",
            (settings, value) => settings.Lookup.BroadcastAddress = value),
        .. FlagGroup.Of(FlagGroup.Lookup, LookupPatience()),
        .. ConnectionLimits(),
        .. FlagGroup.Of(FlagGroup.Limits, HttpFlags.All()),
    ]);

    /// <summary>The flags of nsqadmin (spec 6.3).</summary>
    public static FlagCatalogue ForNsqadmin() => new(Nsqadmin,
    [
        .. General(Nsqadmin),
        .. FlagGroup.Of(FlagGroup.Admin, AdminFlags.Alone()),
        .. FlagGroup.Of(FlagGroup.Limits, HttpFlags.All()),
    ]);

    /// <summary>The flags of a gateway by itself.</summary>
    public static FlagCatalogue ForGateway() => new(Gateway,
    [
        .. General(Gateway),
        .. Node(),
        .. Addresses("0.0.0.0"),
        .. FlagGroup.Of(FlagGroup.Storage, Postgres()),
        .. FlagGroup.Of(FlagGroup.Cluster, ClusterFlags.OfMember()),
        .. FrontEnd("0.0.0.0"),
    ]);

    private static IEnumerable<Flag> General(string program) =>
    [
        new Flag<bool>(Version, FlagType.Boolean, "false", "print the version and exit") { ConfigKey = "" },
        new Flag<string>(Config, FlagType.Path, "", "path of a config file: TOML with nsqd's keys") { ConfigKey = "" },
        .. FlagGroup.Of(FlagGroup.Monitoring, Logging(program)),
    ];

    private static IEnumerable<Flag> Broker(string host, FlagType<string> dataPath, string defaultDataPath) =>
    [
        .. Node(),
        .. Addresses(host),
        .. FlagGroup.Of(FlagGroup.Storage, Storage(dataPath, defaultDataPath)),
        .. FlagGroup.Of(FlagGroup.Cluster, ClusterFlags.OfSilo(host == "127.0.0.1" ? host : "")),
        .. FrontEnd(host),
        .. FlagGroup.Of(FlagGroup.WithoutEffect, WithoutEffect()),
    ];

    private static IEnumerable<Flag> FrontEnd(string host) =>
    [
        .. FlagGroup.Of(FlagGroup.Clients, [.. Messages(), .. Clients(), .. Topology(), .. Compression()]),
        .. FlagGroup.Of(FlagGroup.Security, [.. Tls(host), .. Auth()]),
        .. FlagGroup.Of(FlagGroup.Limits, Limits()),
        .. FlagGroup.Of(FlagGroup.Lookup, Registration(host)),
        .. FlagGroup.Of(FlagGroup.Monitoring, [.. Metrics(), .. Traces(), .. Statsd(), .. Latency()]),
    ];

    private static IEnumerable<Flag> Logging(string program) =>
    [
        new Flag<Microsoft.Extensions.Logging.LogLevel>("log-level", FlagType.LogLevel, "info", "lowest level that is logged",
            (settings, value) => settings.LogLevel = value),
        new Flag<string>("log-prefix", FlagType.Text, $"[{program}] ", "prefix of each log line",
            (settings, value) => settings.LogPrefix = value),
        new Flag<string>("log-format", FlagType.OneOf("text", "json"), "text", "format of log lines: nsqd's, or one JSON object a line",
            (settings, value) => settings.LogFormat = value == "json" ? Silo.Logging.LogFormat.Json : Silo.Logging.LogFormat.Text),
        new Flag<int>("log-rate-limit", FlagType.Integer(0), "100",
            "most lines a second of one kind of event, except debug lines; 0 for no limit",
            (settings, value) => settings.LogRateLimit = value),
        new Flag<bool>("verbose", FlagType.Boolean, "false", "the same as --log-level=debug")
        {
            Alias = new FlagAlias("log-level", text => GoBoolean.TryParse(text, out bool verbose) && verbose ? "debug" : null),
            // In old config files, where it changes nothing in nsqd either.
            ConfigKey = "",
        },
    ];

    private static IEnumerable<Flag> Node() =>
    [
        new Flag<int?>("node-id", FlagType.IntegerOrNone(0, NodeNumber.Max), "",
            "number of this node in message ids, 0 to 1023; by default derived from host and data path, and kept there",
            (settings, value) => (settings.Queue.NodeId, settings.IsNodeIdDerived) = (value ?? 0, value is null))
        {
            ConfigKey = "id",
        },
        new Flag<int?>("worker-id", FlagType.IntegerOrNone(0, NodeNumber.Max), "", "old name of --node-id")
        {
            Alias = new FlagAlias("node-id", text => text),
        },
    ];

    private static IEnumerable<Flag> Addresses(string host) =>
    [
        new Flag<string>("tcp-address", FlagType.Address, $"{host}:4150", "address to listen on for NSQ clients",
            (settings, value) => settings.Gateway.TcpAddress = value),
        new Flag<string>("http-address", FlagType.AddressOrNone, $"{host}:4151", "address to listen on for HTTP; empty for none",
            (settings, value) => settings.Gateway.HttpAddress = value),
    ];

    private static IEnumerable<Flag> Storage(FlagType<string> dataPath, string defaultDataPath) =>
    [
        new Flag<string>("storage", FlagType.OneOf("memory", "files", "postgres"), DefaultStorage, "where to keep messages",
            (settings, value) => settings.StorageKind = value switch
            {
                "files" => StorageKind.Files,
                "postgres" => StorageKind.Postgres,
                _ => StorageKind.Memory,
            }),
        .. Postgres(),
        new Flag<bool>("init-database", FlagType.Boolean, "false", "create the tables in the database, or bring them up to date, and exit",
            (settings, value) => settings.Cluster.OnlyPreparesDatabase = value),
        new Flag<string>("data-path", dataPath, defaultDataPath,
            defaultDataPath.Length > 0 ? "directory for messages, created if missing" : "directory for messages; the current directory if empty",
            (settings, value) => settings.Storage.DataPath = value),
        new Flag<long>("mem-queue-size", FlagType.LongInteger(0), "10000", "messages that each topic or channel keeps in memory",
            (settings, value) => settings.Queue.MemQueueSize = value),
        new Flag<long>("max-bytes-per-file", FlagType.LongInteger(1), "104857600", "maximum size of a segment file in bytes",
            (settings, value) => settings.Storage.MaxBytesPerFile = value),
        new Flag<long>("max-topic-bytes", FlagType.LongInteger(0), "0",
            "maximum bytes of a topic on disk, beyond which publishing is refused; 0 for no limit",
            (settings, value) => settings.Storage.MaxTopicBytes = value),
        new Flag<long>("sync-every", FlagType.LongInteger(1), "2500",
            "fsync after this many messages of a topic; with 1, each OK waits for an fsync",
            (settings, value) => settings.Storage.SyncEvery = value),
        new Flag<TimeSpan>("sync-timeout", FlagType.Duration, "2s", "maximum time between a write and its fsync",
            (settings, value) => settings.Storage.SyncTimeout = value),
    ];

    private static IEnumerable<Flag> Postgres() =>
    [
        new Flag<string>("postgres", FlagType.PostgresConnection, "",
            "connection string of the database for --storage=postgres: Host=...;Username=...;Password=...;Database=...",
            (settings, value) => settings.Postgres.ConnectionString = value)
        {
            IsSecret = true,
        },
        new Flag<string>("postgres-schema", FlagType.PostgresSchema, "broker",
            "schema of the database for the messages; each broker or cluster needs its own",
            (settings, value) => settings.Postgres.Schema = value),
        new Flag<TimeSpan>("postgres-wait", FlagType.DurationOrZero, "10s",
            "how long a start waits for the database, or for another broker to release the schema",
            (settings, value) => settings.Postgres.StartWait = value),
    ];

    private static IEnumerable<Flag> Messages() =>
    [
        new Flag<TimeSpan>("msg-timeout", FlagType.Duration, "1m0s", "how long a consumer may take to answer a message before it is delivered again",
            (settings, value) => settings.Gateway.MsgTimeout = value),
        new Flag<TimeSpan>("max-msg-timeout", FlagType.Duration, "15m0s", "maximum message timeout that a client may ask for",
            (settings, value) => settings.Gateway.MaxMsgTimeout = settings.Queue.MaxMsgTimeout = value),
        new Flag<int>("max-msg-size", FlagType.Integer(1), "1048576", "maximum size of a message in bytes",
            (settings, value) => settings.Gateway.MaxMsgSize = settings.Storage.MaxMsgSize = value),
        new Flag<int>("max-body-size", FlagType.Integer(1), "5242880", "maximum size of a command's body in bytes",
            (settings, value) => settings.Gateway.MaxBodySize = settings.Storage.MaxBodySize = value),
        new Flag<TimeSpan>("max-req-timeout", FlagType.DurationOrZero, "1h0m0s", "maximum delay of a deferred or requeued message",
            (settings, value) => settings.Gateway.MaxReqTimeout = settings.Queue.MaxReqTimeout = value),
    ];

    private static IEnumerable<Flag> Clients() =>
    [
        new Flag<TimeSpan>("max-heartbeat-interval", FlagType.DurationOrZero, "1m0s", "maximum heartbeat interval that a client may ask for",
            (settings, value) => settings.Gateway.MaxHeartbeatInterval = value),
        new Flag<int>("max-rdy-count", FlagType.Integer(1), "2500", "maximum RDY of a client",
            (settings, value) => settings.Gateway.MaxRdyCount = value),
        new Flag<int>("max-output-buffer-size", FlagType.Integer(1), "65536",
            "maximum output buffer that a client may ask for, in bytes",
            (settings, value) => settings.Gateway.MaxOutputBufferSize = value),
        new Flag<TimeSpan>("max-output-buffer-timeout", FlagType.DurationOrZero, "30s",
            "maximum time between flushes that a client may ask for",
            (settings, value) => settings.Gateway.MaxOutputBufferTimeout = value),
        new Flag<TimeSpan>("min-output-buffer-timeout", FlagType.DurationOrZero, "25ms",
            "minimum time between flushes that a client may ask for",
            (settings, value) => settings.Gateway.MinOutputBufferTimeout = value),
        new Flag<TimeSpan>("output-buffer-timeout", FlagType.Duration, "250ms", "time between flushes to a client that does not ask for one",
            (settings, value) => settings.Gateway.OutputBufferTimeout = value),
        new Flag<int>("max-channel-consumers", FlagType.Integer(0), "0", "maximum consumers of a channel; 0 for no limit",
            (settings, value) => settings.Gateway.MaxChannelConsumers = settings.Queue.MaxChannelConsumers = value),
    ];

    private static IEnumerable<Flag> Topology() =>
    [
        new Flag<string>("topology-region", FlagType.Text, "", "region of this broker; a region has several zones",
            (settings, value) => settings.Gateway.TopologyRegion = settings.Queue.TopologyRegion = value),
        new Flag<string>("topology-zone", FlagType.Text, "", "zone of this broker; consumers in the same zone are preferred",
            (settings, value) => settings.Gateway.TopologyZone = settings.Queue.TopologyZone = value),
        new Flag<IReadOnlyList<string>>("enable-experiment", FlagType.List, "",
            $"turn on an experiment: {TopologyExperiment}; others are ignored",
            (settings, value) => settings.Gateway.TopologyAware = settings.Queue.TopologyAware = value.Contains(TopologyExperiment)),
    ];

    private static IEnumerable<Flag> Compression() =>
    [
        new Flag<bool>("deflate", FlagType.Boolean, "true", "let clients negotiate deflate",
            (settings, value) => settings.Gateway.Deflate = value),
        new Flag<int>("max-deflate-level", FlagType.Integer(1, 9), "6", "maximum deflate level that a client may ask for, 1 to 9",
            (settings, value) => settings.Gateway.MaxDeflateLevel = value),
        new Flag<bool>("snappy", FlagType.Boolean, "true", "let clients negotiate snappy",
            (settings, value) => settings.Gateway.Snappy = value),
    ];

    private static IEnumerable<Flag> Tls(string host) =>
    [
        new Flag<string>("https-address", FlagType.AddressOrNone, $"{host}:4152", "address to listen on for HTTPS, if there is a certificate",
            (settings, value) => settings.Gateway.HttpsAddress = value),
        new Flag<string>("tls-cert", FlagType.Path, "", "PEM file of the certificate and its issuers; read again when it changes",
            (settings, value) => settings.Gateway.Tls.CertificateFile = value),
        new Flag<string>("tls-key", FlagType.Path, "", "PEM file of the certificate's key",
            (settings, value) => settings.Gateway.Tls.KeyFile = value),
        new Flag<string>("tls-client-auth-policy", FlagType.OneOf("", "require", "require-verify"), "",
            "require client certificates: any, or only verified ones",
            (settings, value) => settings.Gateway.Tls.ClientCertificates = value switch
            {
                "require" => ClientCertificatePolicy.Require,
                "require-verify" => ClientCertificatePolicy.RequireVerified,
                _ => ClientCertificatePolicy.None,
            }),
        new Flag<string>("tls-root-ca-file", FlagType.Path, "", "PEM file of the authorities that verify clients and auth servers",
            (settings, value) => settings.Gateway.Tls.RootCaFile = value),
        new Flag<string>("tls-required", FlagType.TlsRequired, "false", "refuse clients without TLS; tcp-https exempts the HTTP port",
            (settings, value) => settings.Gateway.Tls.Required = value switch
            {
                "true" => TlsRequirement.All,
                "tcp-https" => TlsRequirement.TcpOnly,
                _ => TlsRequirement.None,
            }),
        new Flag<string>("tls-min-version", FlagType.OneOf("", "tls1.0", "tls1.1", "tls1.2", "tls1.3"), "",
            "oldest TLS version that clients may use; tls1.2 by default",
            (settings, value) => settings.Gateway.Tls.MinVersion = value switch
            {
                "tls1.0" => TlsVersion.Tls10,
                "tls1.1" => TlsVersion.Tls11,
                "tls1.3" => TlsVersion.Tls13,
                _ => TlsVersion.Tls12,
            }),
    ];

    private static IEnumerable<Flag> Auth() =>
    [
        new Flag<IReadOnlyList<string>>("auth-http-address", FlagType.List, "", "address or URL of an auth server",
            (settings, value) => settings.Gateway.Auth.HttpAddresses = value.Count == 0 ? [] : value)
        {
            ConfigKey = "auth_http_addresses",
        },
        new Flag<string>("auth-http-request-method", FlagType.OneOf("get", "post"), "get", "HTTP method of requests to auth servers",
            (settings, value) => settings.Gateway.Auth.UsePost = value == "post"),
        new Flag<TimeSpan>("http-client-connect-timeout", FlagType.DurationOrZero, "2s", "how long connecting to another HTTP server may take",
            (settings, value) => settings.Gateway.Auth.ConnectTimeout = value),
        new Flag<TimeSpan>("http-client-request-timeout", FlagType.DurationOrZero, "5s", "how long another HTTP server may take to answer",
            (settings, value) => settings.Gateway.Auth.RequestTimeout = value),
        new Flag<string>("auth-file", FlagType.Path, "", "JSON file of users; read again when it changes",
            (settings, value) => settings.Gateway.Auth.File = value),
    ];

    // Of the TCP ports of broker and lookup service alike.
    private static IEnumerable<Flag> ConnectionLimits() =>
    [
        new Flag<int>("max-connections", FlagType.Integer(0), "65536", "maximum client connections in total; 0 for no limit",
            (settings, value) => settings.Gateway.Limits.MaxConnections = settings.Lookup.MaxConnections = value),
        new Flag<int>("max-connections-per-address", FlagType.Integer(0), "0", "maximum client connections from one IP address; 0 for no limit",
            (settings, value) => settings.Gateway.Limits.MaxConnectionsPerAddress = settings.Lookup.MaxConnectionsPerAddress = value),
        new Flag<TimeSpan>("first-command-timeout", FlagType.DurationOrZero, "1m0s",
            "maximum time from connecting to the first command; 0 for no limit",
            (settings, value) => settings.Gateway.Limits.FirstCommandTimeout = settings.Lookup.FirstCommandTimeout = value),
    ];

    private static IEnumerable<Flag> Limits() =>
    [
        .. ConnectionLimits(),
        new Flag<int>("max-commands-per-second", FlagType.Integer(0), "0",
            "commands a second beyond which a connection is slowed down; 0 for no limit",
            (settings, value) => settings.Gateway.Limits.MaxCommandsPerSecond = value),
        new Flag<long>("max-bytes-in-flight", FlagType.LongInteger(0), "268435456",
            "bytes of large publishes that may arrive at the same time before others wait; 0 for no limit",
            (settings, value) => settings.Gateway.Limits.MaxBytesInFlight = value),
        new Flag<TimeSpan>("command-timeout", FlagType.DurationOrZero, "1m0s",
            "maximum time from a command's first byte to its last; 0 for no limit",
            (settings, value) => settings.Gateway.Limits.CommandTimeout = value),
        new Flag<long>("memory-limit", FlagType.LongInteger(0), "0",
            "bytes of memory near which publishing slows down; 0 for no limit",
            (settings, value) => settings.Gateway.Limits.MemoryLimit = value),
    ];

    private static IEnumerable<Flag> Registration(string host) =>
    [
        new Flag<IReadOnlyList<string>>("lookupd-tcp-address", FlagType.List, "",
            "address of an nsqlookupd to register with; if a name has several addresses, with all of them",
            (settings, value) => settings.Gateway.LookupdTcpAddresses = value.Count == 0 ? [] : value)
        {
            ConfigKey = "nsqlookupd_tcp_addresses",
        },
        // What serves loopback only cannot be reached by this host's name.
        new Flag<string>("broadcast-address", FlagType.Text, host == "127.0.0.1" ? host : "",
            "host to announce to nsqlookupd; this host's name if empty",
            (settings, value) => settings.Gateway.BroadcastAddress = value),
        new Flag<int>("broadcast-tcp-port", FlagType.Integer(0, ushort.MaxValue), "0",
            "TCP port to announce to nsqlookupd; 0 for that of --tcp-address",
            (settings, value) => settings.Gateway.BroadcastTcpPort = value),
        new Flag<int>("broadcast-http-port", FlagType.Integer(0, ushort.MaxValue), "0",
            "HTTP port to announce to nsqlookupd; 0 for that of --http-address",
            (settings, value) => settings.Gateway.BroadcastHttpPort = value),
    ];

    private static IEnumerable<Flag> LookupService(string prefix, string host) =>
    [
        new Flag<string>($"{prefix}tcp-address", FlagType.AddressOrNone, $"{host}:4160",
            "address on which the lookup service takes registrations; empty for none",
            (settings, value) => settings.Lookup.TcpAddress = value),
        new Flag<string>($"{prefix}http-address", FlagType.AddressOrNone, $"{host}:4161",
            "address on which the lookup service answers HTTP requests; empty for none",
            (settings, value) => settings.Lookup.HttpAddress = value),
    ];

    private static IEnumerable<Flag> LookupPatience() =>
    [
        new Flag<TimeSpan>("inactive-producer-timeout", FlagType.Duration, "5m0s",
            "how long the lookup service lists a node that it no longer hears from",
            (settings, value) => settings.Lookup.InactiveProducerTimeout = value),
        new Flag<TimeSpan>("tombstone-lifetime", FlagType.Duration, "45s",
            "how long the lookup service hides a tombstoned node",
            (settings, value) => settings.Lookup.TombstoneLifetime = value),
    ];

    private static IEnumerable<Flag> Metrics() =>
    [
        new Flag<bool>("metrics", FlagType.Boolean, "true", "serve /metrics for Prometheus, and measure what it needs",
            (settings, value) => settings.Telemetry.Metrics = value),
        new Flag<int>("metrics-label-limit", FlagType.Integer(0), "500",
            "topics and channels with their own series in /metrics; the others are summed up as (other)",
            (settings, value) => settings.Telemetry.LabelLimit = value),
        new Flag<TimeSpan>("shutdown-delay", FlagType.DurationOrZero, "0s",
            "how long a broker that is told to stop goes on serving while /health/ready says no",
            (settings, value) => settings.Telemetry.ShutdownDelay = value),
        new Flag<TimeSpan>("shutdown-timeout", FlagType.Duration, "20s",
            "maximum time that stopping takes after --shutdown-delay, even if the database or the disk hangs",
            (settings, value) => settings.ShutdownTimeout = value),
    ];

    private static IEnumerable<Flag> Traces() =>
    [
        new Flag<double>("trace-sample-rate", FlagType.Ratio, "0", "fraction of messages to trace from publish to finish, 0 to 1",
            (settings, value) => settings.Telemetry.TraceSampleRate = value),
        new Flag<string>("otlp-endpoint", FlagType.UrlOrNone, "",
            "URL to send metrics and traces to by OTLP; by default OTEL_EXPORTER_OTLP_ENDPOINT, if set",
            (settings, value) => settings.Telemetry.OtlpEndpoint = value),
    ];

    private static IEnumerable<Flag> Statsd() =>
    [
        new Flag<string>("statsd-address", FlagType.AddressOrNone, "", "UDP address of a statsd daemon; empty for none",
            (settings, value) => settings.Telemetry.Statsd.Address = value),
        new Flag<string>("statsd-prefix", FlagType.Text, "nsq.%s", "prefix of statsd names; %s stands for this host",
            (settings, value) => settings.Telemetry.Statsd.Prefix = value),
        new Flag<TimeSpan>("statsd-interval", FlagType.Duration, "1m0s", "time between reports to statsd",
            (settings, value) => settings.Telemetry.Statsd.Interval = value),
        new Flag<bool>("statsd-mem-stats", FlagType.Boolean, "true", "report memory figures to statsd",
            (settings, value) => settings.Telemetry.Statsd.MemoryStats = value),
        new Flag<int>("statsd-udp-packet-size", FlagType.Integer(1, ushort.MaxValue), "508", "maximum size of a statsd packet in bytes",
            (settings, value) => settings.Telemetry.Statsd.PacketSize = value),
        new Flag<bool>("statsd-exclude-ephemeral", FlagType.Boolean, "false", "leave ephemeral topics and channels out of statsd",
            (settings, value) => settings.Telemetry.Statsd.ExcludeEphemeral = value),
    ];

    private static IEnumerable<Flag> Latency() =>
    [
        new Flag<IReadOnlyList<double>>("e2e-processing-latency-percentile", FlagType.Percentiles, "",
            "percentiles to measure of the time from publish to finish, above 0 and up to 1",
            (settings, value) =>
            {
                settings.Telemetry.LatencyPercentiles = value.Count == 0 ? [] : [.. value.OrderDescending()];
                settings.Queue.KeepsLatency = value.Count > 0;
            })
        {
            ConfigKey = "e2e_processing_latency_percentiles",
        },
        new Flag<TimeSpan>("e2e-processing-latency-window-time", FlagType.Duration, "10m0s", "time window of these percentiles",
            (settings, value) => settings.Queue.LatencyWindow = value),
    ];

    /// <summary>Knobs of nsqd's inner workings that nothing here corresponds to.</summary>
    private static IEnumerable<Flag> WithoutEffect() =>
    [
        new Flag<int>("queue-scan-selection-count", FlagType.Integer(1), "20", "no effect"),
        new Flag<int>("queue-scan-worker-pool-max", FlagType.Integer(1), "4", "no effect"),
    ];
}

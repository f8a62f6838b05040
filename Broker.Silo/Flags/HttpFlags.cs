namespace Broker.Silo.Flags;

/// <summary>The flags of all that is served by HTTP: the HTTP API, the lookup service and the admin web.</summary>
internal static class HttpFlags
{
    /// <summary>All of them.</summary>
    public static IEnumerable<Flag> All() =>
    [
        new Flag<int>("max-http-connections", FlagType.Integer(0), "16384", "maximum HTTP connections in total; 0 for no limit",
            (settings, value) => settings.Http.MaxConnections = value),
        new Flag<int>("max-http-connections-per-address", FlagType.Integer(0), "0", "maximum HTTP connections from one IP address; 0 for no limit",
            (settings, value) => settings.Http.MaxConnectionsPerAddress = value),
        new Flag<int>("max-http-requests-per-second", FlagType.Integer(0), "0",
            "requests a second beyond which a connection is slowed down; 0 for no limit",
            (settings, value) => settings.Http.MaxRequestsPerSecond = value),
        new Flag<int>("max-http-header-size", FlagType.Integer(1024, 1 << 20), "32768", "maximum size of a request's headers in bytes, 1024 to 1048576",
            (settings, value) => settings.Http.MaxHeaderSize = value),
        new Flag<int>("max-http-body-size", FlagType.Integer(0), "1048576",
            "maximum size of a body in bytes for the lookup service and the admin web; 0 for no limit",
            (settings, value) => settings.Http.MaxBodySize = value),
        new Flag<TimeSpan>("http-header-timeout", FlagType.DurationOrZero, "30s",
            "maximum time from a request's first byte to the end of its headers; 0 for no limit",
            (settings, value) => settings.Http.HeaderTimeout = value),
        new Flag<TimeSpan>("http-idle-timeout", FlagType.DurationOrZero, "2m10s", "how long an HTTP connection may be idle; 0 for no limit",
            (settings, value) => settings.Http.IdleTimeout = value),
        new Flag<int>("min-http-body-rate", FlagType.Integer(0), "240", "minimum bytes a second of a body, after its first 5 seconds; 0 for no limit",
            (settings, value) => settings.Http.MinBodyRate = value),
        new Flag<IReadOnlyList<string>>("http-allowed-host", FlagType.Hosts, "",
            "further host name that listeners on loopback answer to; * for any",
            (settings, value) => settings.Http.AllowedHosts = value)
        {
            ConfigKey = "http_allowed_hosts",
        },
        new Flag<IReadOnlyList<string>>("http-allowed-origin", FlagType.Origins, "",
            "origin (https://host:port) whose web pages may use the HTTP API to publish and change things; * for any",
            (settings, value) => settings.Http.AllowedOrigins = value)
        {
            ConfigKey = "http_allowed_origins",
        },
    ];
}

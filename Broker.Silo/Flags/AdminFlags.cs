using Broker.Admin;

namespace Broker.Silo.Flags;

/// <summary>The flags of the admin web: nsqadmin's, with its meanings and defaults (spec 6.3), and ours.</summary>
internal static class AdminFlags
{
    /// <summary>Those of a broker that serves the admin web too; some of nsqadmin's are nsqd's as well, and stand there.</summary>
    public static IEnumerable<Flag> Beside() =>
    [
        new Flag<string>("admin-http-address", FlagType.AddressOrNone, "127.0.0.1:4171", "where the admin web is served; empty for nowhere",
            (settings, value) => settings.Admin.HttpAddress = value),
        .. Common(),
    ];

    /// <summary>Those of nsqadmin.</summary>
    public static IEnumerable<Flag> Alone() =>
    [
        new Flag<string>("http-address", FlagType.Address, "0.0.0.0:4171", "where the admin web is served",
            (settings, value) => settings.Admin.HttpAddress = value),
        .. Common(),
        new Flag<string>("statsd-prefix", FlagType.Text, "nsq.%s", "what the names of figures in Graphite begin with; %s stands for a node",
            (settings, value) => settings.Admin.StatsdPrefix = value),
        new Flag<TimeSpan>("statsd-interval", FlagType.Duration, "1m0s", "time between two reports of the brokers to statsd",
            (settings, value) => settings.Admin.StatsdInterval = value),
        new Flag<TimeSpan>("http-client-connect-timeout", FlagType.DurationOrZero, "2s", "time to connect to a node",
            (settings, value) => settings.Admin.ConnectTimeout = value),
        new Flag<TimeSpan>("http-client-request-timeout", FlagType.DurationOrZero, "5s", "time for a node to answer",
            (settings, value) => settings.Admin.RequestTimeout = value),
    ];

    private static IEnumerable<Flag> Common() =>
    [
        new Flag<string>("base-path", FlagType.Text, "/", "path that all of the admin web lies under",
            (settings, value) => settings.Admin.BasePath = $"/{value.Trim('/')}"),
        new Flag<string>("dev-static-dir", FlagType.Path, "", "folder of files that go before the admin web's own, for working on them",
            (settings, value) => settings.Admin.DevStaticDir = value),
        new Flag<IReadOnlyList<string>>("lookupd-http-address", FlagType.Authorities, "",
            "host:port of the HTTP API of an nsqlookupd whose brokers the admin web shows",
            (settings, value) => settings.Admin.LookupdHttpAddresses = value)
        {
            ConfigKey = "nsqlookupd_http_addresses",
        },
        new Flag<IReadOnlyList<string>>("nsqd-http-address", FlagType.Authorities, "", "host:port of the HTTP API of a broker that the admin web shows",
            (settings, value) => settings.Admin.NsqdHttpAddresses = value)
        {
            ConfigKey = "nsqd_http_addresses",
        },
        new Flag<string>("graphite-url", FlagType.UrlOrHost, "", "URL of Graphite, whose graphs the admin web shows",
            (settings, value) => settings.Admin.GraphiteUrl = value),
        new Flag<bool>("proxy-graphite", FlagType.Boolean, "false", "let browsers reach Graphite through the admin web",
            (settings, value) => settings.Admin.ProxyGraphite = value),
        new Flag<string>("statsd-counter-format", FlagType.Text, "stats.counters.%s.count", "how statsd names a counter",
            (settings, value) => settings.Admin.StatsdCounterFormat = value),
        new Flag<string>("statsd-gauge-format", FlagType.Text, "stats.gauges.%s", "how statsd names a gauge",
            (settings, value) => settings.Admin.StatsdGaugeFormat = value),
        new Flag<string>("notification-http-endpoint", FlagType.UrlOrHost, "", "URL that is told of every action in the admin web",
            (settings, value) => settings.Admin.NotificationHttpEndpoint = value),
        new Flag<bool>("http-client-tls-insecure-skip-verify", FlagType.Boolean, "false", "take any certificate of a node",
            (settings, value) => settings.Admin.TlsInsecureSkipVerify = value),
        new Flag<string>("http-client-tls-root-ca-file", FlagType.Path, "", "path of the authorities that nodes are verified with, PEM",
            (settings, value) => settings.Admin.TlsRootCaFile = value),
        new Flag<string>("http-client-tls-cert", FlagType.Path, "", "path of the certificate that nodes are shown, PEM",
            (settings, value) => settings.Admin.TlsCertificateFile = value),
        new Flag<string>("http-client-tls-key", FlagType.Path, "", "path of that certificate's key, PEM",
            (settings, value) => settings.Admin.TlsKeyFile = value),
        new Flag<string>("allow-config-from-cidr", FlagType.AddressRangeOrNone, "127.0.0.1/8", "who may use the admin web's /config; empty for everybody",
            (settings, value) => settings.Admin.AllowConfigFrom = value.Length == 0 ? null : AddressRange.Parse(value)),
        new Flag<string>("acl-http-header", FlagType.Text, "X-Forwarded-User", "header that names the user of the admin web",
            (settings, value) => settings.Admin.AclHttpHeader = value),
        new Flag<IReadOnlyList<string>>("admin-user", FlagType.List, "", "a user that the header names who may change things; everybody may unless given",
            (settings, value) => settings.Admin.AdminUsers = value)
        {
            ConfigKey = "admin_users",
        },
        new Flag<string>("admin-password-file", FlagType.Path, "",
            "path of a file of users who have to log in, with lines that hash-password prints; read again when it changes",
            (settings, value) => settings.Admin.PasswordFile = value),
        new Flag<IReadOnlyList<string>>("admin-trusted-proxy", FlagType.AddressRanges, "",
            "address or CIDR of a proxy that has authenticated the user whom --acl-http-header names",
            (settings, value) => settings.Admin.TrustedProxies = [.. value.Select(AddressRange.Parse)]),
        new Flag<TimeSpan>("admin-sample-interval", FlagType.Duration, "2s", "time between two samples of all figures while somebody looks at them",
            (settings, value) => settings.Admin.SampleInterval = value),
    ];
}

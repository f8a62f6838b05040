using Broker.Admin;

namespace Broker.Silo.Flags;

/// <summary>The flags of the admin web: nsqadmin's, with its meanings and defaults (spec 6.3), and ours.</summary>
internal static class AdminFlags
{
    /// <summary>Those of a broker that serves the admin web too; some of nsqadmin's are nsqd's as well, and stand there.</summary>
    public static IEnumerable<Flag> Beside() =>
    [
        new Flag<string>("admin-http-address", FlagType.AddressOrNone, "127.0.0.1:4171", "address to listen on for the admin web; empty for none",
            (settings, value) => settings.Admin.HttpAddress = value),
        .. Common(),
    ];

    /// <summary>Those of nsqadmin.</summary>
    public static IEnumerable<Flag> Alone() =>
    [
        new Flag<string>("http-address", FlagType.Address, "0.0.0.0:4171", "address to listen on for the admin web",
            (settings, value) => settings.Admin.HttpAddress = value),
        .. Common(),
        new Flag<string>("statsd-prefix", FlagType.Text, "nsq.%s", "prefix of names in Graphite; %s stands for a node",
            (settings, value) => settings.Admin.StatsdPrefix = value),
        new Flag<TimeSpan>("statsd-interval", FlagType.Duration, "1m0s", "time between the brokers' reports to statsd",
            (settings, value) => settings.Admin.StatsdInterval = value),
        new Flag<TimeSpan>("http-client-connect-timeout", FlagType.DurationOrZero, "2s", "how long connecting to a node may take",
            (settings, value) => settings.Admin.ConnectTimeout = value),
        new Flag<TimeSpan>("http-client-request-timeout", FlagType.DurationOrZero, "5s", "how long a node may take to answer",
            (settings, value) => settings.Admin.RequestTimeout = value),
    ];

    private static IEnumerable<Flag> Common() =>
    [
        new Flag<string>("base-path", FlagType.Text, "/", "path of the admin web's pages",
            (settings, value) => settings.Admin.BasePath = $"/{value.Trim('/')}"),
        new Flag<string>("dev-static-dir", FlagType.Path, "", "folder of files that replace the admin web's own, for its developers",
            (settings, value) => settings.Admin.DevStaticDir = value),
        new Flag<IReadOnlyList<string>>("lookupd-http-address", FlagType.Authorities, "",
            "HTTP address of an nsqlookupd whose brokers the admin web shows",
            (settings, value) => settings.Admin.LookupdHttpAddresses = value)
        {
            ConfigKey = "nsqlookupd_http_addresses",
        },
        new Flag<IReadOnlyList<string>>("nsqd-http-address", FlagType.Authorities, "", "HTTP address of a broker that the admin web shows",
            (settings, value) => settings.Admin.NsqdHttpAddresses = value)
        {
            ConfigKey = "nsqd_http_addresses",
        },
        new Flag<string>("graphite-url", FlagType.UrlOrHost, "", "URL of a Graphite server whose graphs the admin web shows",
            (settings, value) => settings.Admin.GraphiteUrl = value),
        new Flag<bool>("proxy-graphite", FlagType.Boolean, "false", "let browsers reach Graphite through the admin web",
            (settings, value) => settings.Admin.ProxyGraphite = value),
        new Flag<string>("statsd-counter-format", FlagType.Text, "stats.counters.%s.count", "how statsd names a counter",
            (settings, value) => settings.Admin.StatsdCounterFormat = value),
        new Flag<string>("statsd-gauge-format", FlagType.Text, "stats.gauges.%s", "how statsd names a gauge",
            (settings, value) => settings.Admin.StatsdGaugeFormat = value),
        new Flag<string>("notification-http-endpoint", FlagType.UrlOrHost, "", "URL to which every action in the admin web is posted",
            (settings, value) => settings.Admin.NotificationHttpEndpoint = value),
        new Flag<bool>("http-client-tls-insecure-skip-verify", FlagType.Boolean, "false", "accept any certificate of a node",
            (settings, value) => settings.Admin.TlsInsecureSkipVerify = value),
        new Flag<string>("http-client-tls-root-ca-file", FlagType.Path, "", "PEM file of the authorities that verify nodes",
            (settings, value) => settings.Admin.TlsRootCaFile = value),
        new Flag<string>("http-client-tls-cert", FlagType.Path, "", "PEM file of the certificate to show to nodes",
            (settings, value) => settings.Admin.TlsCertificateFile = value),
        new Flag<string>("http-client-tls-key", FlagType.Path, "", "PEM file of that certificate's key",
            (settings, value) => settings.Admin.TlsKeyFile = value),
        new Flag<string>("allow-config-from-cidr", FlagType.AddressRangeOrNone, "127.0.0.1/8", "addresses that may use the admin web's /config; empty for all",
            (settings, value) => settings.Admin.AllowConfigFrom = value.Length == 0 ? null : AddressRange.Parse(value)),
        new Flag<string>("acl-http-header", FlagType.Text, "X-Forwarded-User", "header that names the user of the admin web",
            (settings, value) => settings.Admin.AclHttpHeader = value),
        new Flag<IReadOnlyList<string>>("admin-user", FlagType.List, "", "user of that header who may change things; by default everybody may",
            (settings, value) => settings.Admin.AdminUsers = value)
        {
            ConfigKey = "admin_users",
        },
        new Flag<string>("admin-password-file", FlagType.Path, "",
            "file of users who log in by password, with lines made by hash-password; read again when it changes",
            (settings, value) => settings.Admin.PasswordFile = value),
        new Flag<IReadOnlyList<string>>("admin-trusted-proxy", FlagType.AddressRanges, "",
            "address or CIDR of a proxy that authenticates users and names them in --acl-http-header",
            (settings, value) => settings.Admin.TrustedProxies = [.. value.Select(AddressRange.Parse)]),
        new Flag<TimeSpan>("admin-sample-interval", FlagType.Duration, "2s", "time between samples of all figures while somebody looks at them",
            (settings, value) => settings.Admin.SampleInterval = value),
    ];
}

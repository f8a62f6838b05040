namespace Broker.Admin;

/// <summary>Where the admin web is served, what it looks at, and who may do what (spec 6.3).</summary>
public sealed class AdminOptions
{
    /// <summary>host:port, the path of a unix socket, or empty to serve none.</summary>
    public string HttpAddress { get; set; } = "";

    /// <summary>Path that every page and endpoint lies under; begins with a slash and does not end with one, but for the root itself.</summary>
    public string BasePath { get; set; } = "/";

    /// <summary>Folder from which files go before those that are built in; empty for none.</summary>
    public string DevStaticDir { get; set; } = "";

    /// <summary>host:port of the HTTP API of each lookup service.</summary>
    public IReadOnlyList<string> LookupdHttpAddresses { get; set; } = [];

    /// <summary>host:port of the HTTP API of each broker, when there is no lookup service to ask.</summary>
    public IReadOnlyList<string> NsqdHttpAddresses { get; set; } = [];

    /// <summary>URL of Graphite; empty for none.</summary>
    public string GraphiteUrl { get; set; } = "";

    /// <summary>Whether browsers reach Graphite through the admin web.</summary>
    public bool ProxyGraphite { get; set; }

    /// <summary>What names of figures begin with; %s stands for a node. Must be the brokers' own.</summary>
    public string StatsdPrefix { get; set; } = "nsq.%s";

    /// <summary>How statsd names a counter.</summary>
    public string StatsdCounterFormat { get; set; } = "stats.counters.%s.count";

    /// <summary>How statsd names a gauge.</summary>
    public string StatsdGaugeFormat { get; set; } = "stats.gauges.%s";

    /// <summary>Time between two reports of a broker to statsd. Must be the brokers' own.</summary>
    public TimeSpan StatsdInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>URL that is told of every action; empty for none.</summary>
    public string NotificationHttpEndpoint { get; set; } = "";

    /// <summary>Time to connect to a node; zero for no limit.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Time for a node to answer, connecting included; zero for no limit.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether any certificate of a node is taken.</summary>
    public bool TlsInsecureSkipVerify { get; set; }

    /// <summary>Path of the authorities that nodes' certificates are verified with, PEM; empty for the system's.</summary>
    public string TlsRootCaFile { get; set; } = "";

    /// <summary>Path of the certificate that nodes are shown, PEM; empty for none.</summary>
    public string TlsCertificateFile { get; set; } = "";

    /// <summary>Path of that certificate's key, PEM.</summary>
    public string TlsKeyFile { get; set; } = "";

    /// <summary>Who may use <c>/config</c>; null for everybody.</summary>
    public AddressRange? AllowConfigFrom { get; set; } = AddressRange.Parse("127.0.0.1/8");

    /// <summary>Header that names the user.</summary>
    public string AclHttpHeader { get; set; } = "X-Forwarded-User";

    /// <summary>Users that may change things; empty for everybody who is let in.</summary>
    public IReadOnlyList<string> AdminUsers { get; set; } = [];

    /// <summary>Path of the file of users and password hashes; empty when nobody has to log in.</summary>
    public string PasswordFile { get; set; } = "";

    /// <summary>Proxies that have authenticated whom <see cref="AclHttpHeader"/> names; empty for none.</summary>
    public IReadOnlyList<AddressRange> TrustedProxies { get; set; } = [];

    /// <summary>Time between two samples while somebody looks.</summary>
    public TimeSpan SampleInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Version that tools and people are told.</summary>
    public string Version { get; set; } = "1.3.0";
}

using Broker.Gateway.Cluster;
using Broker.Gateway.Statsd;
using Broker.Serving.Http.Config;

namespace Broker.Silo.Settings;

/// <summary>The settings as <c>/config</c> tells them, by their keys in the config file.</summary>
/// <param name="settings">What the operator chose.</param>
/// <param name="identity">Knows name and ports of a broker that clients connect to; null for another program.</param>
public sealed class BrokerOptions(BrokerSettings settings, BrokerIdentity? identity = null) : IBrokerOptions
{
    private const string NodeId = "id";

    // As TLS itself numbers its versions.
    private const int Tls10 = 0x301;

    /// <inheritdoc/>
    public OptionValue? Find(string name) =>
        // Derived only after the flags were read.
        name == NodeId ? OptionValue.Of(settings.Queue.NodeId)
        : identity is not null && FindOfBroker(name, identity) is { } value ? OptionValue.Of(value)
        : settings.Options.TryGetValue(name, out object? given) ? OptionValue.Of(given ?? "")
        : null;

    // What nsqd tells in other words than those that it is started with.
    private object? FindOfBroker(string name, BrokerIdentity broker) => name switch
    {
        "tls_required" => (int)settings.Gateway.Tls.Required,
        "tls_min_version" => Tls10 + (int)settings.Gateway.Tls.MinVersion,
        "broadcast_tcp_port" => broker.Describe().TcpPort ?? 0,
        "broadcast_http_port" => broker.Describe().HttpPort ?? 0,
        "statsd_prefix" => StatsdPrefix.Of(settings.Telemetry.Statsd.Prefix, broker),
        _ => null,
    };
}

using Broker.Gateway.Consuming;
using Broker.Gateway.Limits;
using Broker.Gateway.Publishing;
using Broker.Gateway.Security;
using Broker.Gateway.Telemetry;
using Broker.Gateway.Timing;
using Broker.Policies;
using Broker.Serving.Limits;
using Broker.Telemetry;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Connections;

/// <summary>What all connections of a gateway share.</summary>
/// <param name="Options">Limits and addresses.</param>
/// <param name="Publishers">Take what clients publish.</param>
/// <param name="Links">Join consumers with their channels.</param>
/// <param name="Tls">The server's side of TLS.</param>
/// <param name="Authenticator">Who knows the clients; null where they need not log in.</param>
/// <param name="Refusals">Counts what is refused.</param>
/// <param name="BytesInFlight">Bounds the bytes of publishes that are on their way.</param>
/// <param name="Memory">Has publishers wait while memory is short.</param>
/// <param name="Metrics">Told what is measured.</param>
/// <param name="Traces">Traces messages.</param>
/// <param name="Wheel">Calls when something is due.</param>
/// <param name="Time">The clock of all timeouts.</param>
/// <param name="Logger">The log.</param>
internal sealed record GatewayServices(
    GatewayOptions Options,
    TopicPublishers Publishers,
    ChannelLinks Links,
    TlsServer Tls,
    IAuthenticator? Authenticator,
    Refusals Refusals,
    ByteBudget BytesInFlight,
    MemoryPressure Memory,
    GatewayMetrics Metrics,
    MessageTraces Traces,
    TimerWheel Wheel,
    TimeProvider Time,
    ILogger Logger);

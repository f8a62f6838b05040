using System.Net;
using System.Net.Sockets;
using Broker.Gateway.Cluster;
using Broker.Gateway.Http.Stats;
using Broker.Gateway.Telemetry;
using Broker.Policies;
using Broker.Serving.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Statsd;

/// <summary>
/// Tells a statsd daemon the figures of <c>/stats</c> once an interval, over UDP, the packets spread over the interval but for its last
/// second (spec 6.4).
/// </summary>
/// <param name="stats">Collects the figures.</param>
/// <param name="telemetry">Which daemon, and how.</param>
/// <param name="identity">Knows under which name and port this broker is known.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class StatsdReporter(
    StatsCollector stats, TelemetryOptions telemetry, BrokerIdentity identity, TimeProvider time, ILogger<StatsdReporter> logger) : ServiceAfterStart(logger)
{
    private static readonly TimeSpan Unspread = TimeSpan.FromSeconds(1);

    private readonly StatsdOptions _options = telemetry.Statsd;

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        if (_options.Address.Length == 0)
            return;
        StatsdReport report = new(_options, StatsdPrefix.Of(_options.Prefix, identity));
        using PeriodicTimer timer = new(_options.Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                try
                {
                    await ReportAsync(report, stopping);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // One report more or less is no reason to give up all that follow.
                    logger.StatsdFailed(_options.Address, e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            logger.StatsdStopped(_options.Address);
        }
    }

    private async Task ReportAsync(StatsdReport report, CancellationToken stopping)
    {
        (string host, int port) = Split(_options.Address);
        IPAddress address = (await Dns.GetHostAddressesAsync(host, stopping))[0];
        StatsDocument document = await stats.CollectAsync(new StatsQuestion(null, null, IncludeClients: false, _options.MemoryStats), stopping);
        IReadOnlyList<byte[]> packets = report.Write(document);
        if (packets.Count == 0)
            return;
        using Socket socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        IPEndPoint daemon = new(address, port);
        TimeSpan pause = _options.Interval > Unspread ? (_options.Interval - Unspread) / packets.Count : TimeSpan.Zero;
        long begin = time.GetTimestamp();
        for (int i = 0; i < packets.Count; i++)
        {
            // Due from the beginning on, so that late wake-ups do not add up and push the last packets into the next interval.
            TimeSpan wait = (pause * i) - time.GetElapsedTime(begin);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, stopping);
            await socket.SendToAsync(packets[i], daemon, stopping);
        }
    }

    private static (string Host, int Port) Split(string address)
    {
        int colon = address.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(address.AsSpan(colon + 1), out ushort port))
            throw new FormatException("it is not host:port");
        return (address[..colon].Trim('[', ']'), port);
    }
}

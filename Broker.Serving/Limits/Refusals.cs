using System.Diagnostics.Metrics;
using System.Net;
using Broker.Serving.Telemetry;
using Microsoft.Extensions.Logging;

namespace Broker.Serving.Limits;

/// <summary>
/// Counts what was refused, by reason, and logs each reason once a second at most: who attacks must not be able to fill the log.
/// </summary>
public sealed class Refusals : IDisposable
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(1);
    private static readonly RefusalReason[] Reasons = Enum.GetValues<RefusalReason>();

    private readonly Lock _sync = new();
    private readonly long[] _counts = new long[Reasons.Length];
    private readonly long[] _logged = new long[Reasons.Length];
    private readonly long?[] _loggedAt = new long?[Reasons.Length];
    private readonly Meter? _meter;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="meters">Makes the meter that shows the counts as <c>broker.gateway.refusals</c>; null for none.</param>
    public Refusals(TimeProvider time, ILogger<Refusals> logger, IMeterFactory? meters = null)
    {
        _time = time;
        _logger = logger;
        _meter = meters?.Create(ServingMetrics.MeterName);
        _meter?.CreateObservableCounter("broker.gateway.refusals", Measure, "{refusal}", "Requests and connections of clients that were refused or delayed.");
    }

    /// <summary>How often this was refused since the start.</summary>
    public long this[RefusalReason reason] => Interlocked.Read(ref _counts[(int)reason]);

    /// <summary>Counts one.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="remote">To whom.</param>
    public void Add(RefusalReason reason, string remote)
    {
        long count = Interlocked.Increment(ref _counts[(int)reason]);
        long since;
        lock (_sync)
        {
            if (_loggedAt[(int)reason] is long last && _time.GetElapsedTime(last) < LogInterval)
                return;
            _loggedAt[(int)reason] = _time.GetTimestamp();
            since = count - _logged[(int)reason];
            _logged[(int)reason] = count;
        }
        _logger.RefusedClients(reason, since, remote);
    }

    /// <summary>Counts one.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="remote">To whom; null for a client on a unix socket.</param>
    public void Add(RefusalReason reason, IPAddress? remote) => Add(reason, remote?.ToString() ?? "a unix socket");

    /// <inheritdoc/>
    public void Dispose() => _meter?.Dispose();

    private IEnumerable<Measurement<long>> Measure()
    {
        foreach (RefusalReason reason in Reasons)
            yield return new Measurement<long>(this[reason], new KeyValuePair<string, object?>("reason", reason.ToString()));
    }
}

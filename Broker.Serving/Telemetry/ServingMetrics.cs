using System.Diagnostics.Metrics;
using System.Globalization;

namespace Broker.Serving.Telemetry;

/// <summary>What is counted of all listeners, on the meter that the gateway measures with.</summary>
public sealed class ServingMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Broker.Gateway";

    private static readonly string[] Statuses = [.. Enumerable.Range(0, 600).Select(static status => status.ToString(CultureInfo.InvariantCulture))];

    private readonly Counter<long> _responses;

    /// <param name="meters">Makes the meter.</param>
    public ServingMetrics(IMeterFactory meters) =>
        _responses = meters.Create(MeterName).CreateCounter<long>("broker.http.responses", "{response}", "Answers of the HTTP APIs, by status.");

    /// <summary>An HTTP request is answered.</summary>
    /// <param name="status">The status of the answer.</param>
    internal void Answered(int status)
    {
        if (_responses.Enabled)
            _responses.Add(1, new KeyValuePair<string, object?>("status", Statuses[Math.Clamp(status, 0, Statuses.Length - 1)]));
    }
}

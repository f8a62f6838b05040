namespace Broker.Policies;

/// <summary>What operators see of a broker from outside.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Whether <c>/metrics</c> is served and what it tells is measured.</summary>
    public bool Metrics { get; set; } = true;

    /// <summary>Topics and channels that have series of their own, each counting as one; what is beyond is summed up under one label.</summary>
    public int LabelLimit { get; set; } = 500;

    /// <summary>Part of the messages that are traced, 0 to 1.</summary>
    public double TraceSampleRate { get; set; }

    /// <summary>URL that metrics and traces are sent to by OTLP; empty for nowhere, unless the environment names one.</summary>
    public string OtlpEndpoint { get; set; } = "";

    /// <summary>How long <c>/health/ready</c> says no before connections are closed.</summary>
    public TimeSpan ShutdownDelay { get; set; }

    /// <summary>The statsd daemon that figures are sent to.</summary>
    public StatsdOptions Statsd { get; } = new();

    /// <summary>Percentiles of the time from publish to finish that are kept, above 0 and up to 1, the greatest first.</summary>
    public IReadOnlyList<double> LatencyPercentiles { get; set; } = [];
}

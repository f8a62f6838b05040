using System.Diagnostics.Metrics;

namespace Broker.Orleans.Embedded;

/// <summary>The meter <c>Broker.Orleans.Embedded</c>: what the host counts anyway, read when somebody asks.</summary>
public static class GrainHostMeter
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "Broker.Orleans.Embedded";

    internal static void Create(EmbeddedGrainHost host, IMeterFactory meters)
    {
        Meter meter = meters.Create(Name);
        meter.CreateObservableCounter(
            "broker.grain.calls", () => Read(host, static census => census.Calls), "{call}", "Calls that grains have begun, ticks of timers included.");
        meter.CreateObservableUpDownCounter(
            "broker.grain.activations", () => Read(host, static census => census.Activations), "{activation}", "Grains that are active.");
    }

    private static IEnumerable<Measurement<long>> Read(EmbeddedGrainHost host, Func<(Type Type, long Activations, long Calls), long> figure) =>
        host.Census().Select(census => new Measurement<long>(figure(census), new KeyValuePair<string, object?>("grain", census.Type.Name)));
}

namespace Broker.Gateway.Http.Metrics;

/// <summary>Of what Orleans measures that which says something of a broker. Orleans describes none of it, so that is done here.</summary>
internal static class OrleansFigures
{
    /// <summary>Name of Orleans' meter.</summary>
    public const string Meter = "Microsoft.Orleans";

    // Only this one has a label of few values. Those of the others tell of single silos and connections, and are summed up.
    private const string Grains = "orleans-grains";

    private static readonly Dictionary<string, string> Descriptions = new(StringComparer.Ordinal)
    {
        [Grains] = "Grains in memory, by type.",
        ["orleans-app-requests-timedout"] = "Calls of grains that got no answer in time.",
        ["orleans-catalog-activation-concurrent-registration-attempts"] = "Activations that gave way, as the grain was active on another silo.",
        ["orleans-catalog-activation-created"] = "Activations of grains that began.",
        ["orleans-catalog-activation-destroyed"] = "Activations of grains that ended.",
        ["orleans-catalog-activation-failed-to-activate"] = "Activations of grains that failed.",
        ["orleans-catalog-activations"] = "Grains in memory, Orleans' own included.",
        ["orleans-directory-cache-size"] = "Grains whose silo is remembered here.",
        ["orleans-directory-partition-size"] = "Grains whose silo is looked up here.",
        ["orleans-gateway-connected-clients"] = "Gateways by themselves that are connected to this silo.",
        ["orleans-messaging-expired"] = "Messages between silos that were too late.",
        ["orleans-messaging-pings-reply-missed"] = "Probes of other silos that got no answer.",
        ["orleans-messaging-pings-sent"] = "Probes of other silos.",
        ["orleans-messaging-rejected"] = "Messages between silos that were sent back.",
        ["orleans-messaging-rerouted"] = "Messages between silos that went on to another silo.",
        ["orleans-messaging-sent-dropped"] = "Messages to other silos that were dropped.",
        ["orleans-messaging-sent-failed"] = "Messages to other silos that could not be sent.",
        ["orleans-networking-sockets-closed"] = "Connections to silos and gateways that ended.",
        ["orleans-networking-sockets-opened"] = "Connections to silos and gateways that began.",
        ["orleans-scheduler-long-running-turns"] = "Turns of grains that held their thread for as long as a call may take.",
        ["orleans-watchdog-health-checks-failed"] = "Times that the silo found something wrong with itself.",
    };

    /// <summary>Whether a figure is told.</summary>
    public static bool Has(string name) => Descriptions.ContainsKey(name);

    /// <summary>What a figure tells; null when it is none of Orleans'.</summary>
    public static string? Describe(string name) => Descriptions.GetValueOrDefault(name);

    /// <summary>Whether the values of all labels are one figure, which is 0 from the start.</summary>
    public static bool IsSummedUp(string name) => name != Grains && Has(name);
}

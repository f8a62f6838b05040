using Broker.Serving.Http.Config;

namespace Broker.Silo.Settings;

/// <summary>The settings as <c>/config</c> tells them, by their keys in the config file.</summary>
/// <param name="settings">What the operator chose.</param>
public sealed class BrokerOptions(BrokerSettings settings) : IBrokerOptions
{
    private const string NodeId = "id";

    /// <inheritdoc/>
    public OptionValue? Find(string name) =>
        // Derived only after the flags were read.
        name == NodeId ? OptionValue.Of(settings.Queue.NodeId)
        : settings.Options.TryGetValue(name, out object? value) ? OptionValue.Of(value ?? "")
        : null;
}

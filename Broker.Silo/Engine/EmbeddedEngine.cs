using Broker.Silo.Settings;
using Microsoft.AspNetCore.Builder;

namespace Broker.Silo.Engine;

/// <summary>Runs the grains in this process. With another engine the project file includes that engine's file in place of this.</summary>
public static class EmbeddedEngine
{
    /// <summary>What the start banner calls it.</summary>
    public const string Name = "Embedded";

    /// <summary>Registers the grain host and the grains.</summary>
    public static void AddTo(WebApplicationBuilder builder, BrokerSettings settings)
    {
        // The embedded host and Broker.Grains are registered here.
    }
}

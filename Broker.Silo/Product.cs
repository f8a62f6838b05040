using System.Reflection;
using Broker.Policies;

namespace Broker.Silo;

/// <summary>What this program calls itself.</summary>
public static class Product
{
    /// <summary>Name of the executable.</summary>
    public const string Program = "Broker.Silo";

    /// <summary>Version of this program.</summary>
    public static readonly string Version = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3);

    /// <summary>The version in nsqd's words, which scripts look for, with our own in the brackets where nsqd names its compiler.</summary>
    public static readonly string Banner =
        $"nsqd v{new GatewayOptions().Version} (Broker {Version}, .NET {Environment.Version})";
}

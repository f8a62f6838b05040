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

    /// <summary>The version in the words of an NSQ program, which scripts look for, with our own in the brackets where it names its compiler.</summary>
    /// <param name="program">nsqd, nsqlookupd, …</param>
    public static string BannerOf(string program) =>
        $"{program} v{new GatewayOptions().Version} (Broker {Version}, .NET {Environment.Version})";
}

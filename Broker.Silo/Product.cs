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

    /// <summary>The version in the words of an NSQ program, to the letter: scripts and tests of clients look for it.</summary>
    /// <param name="program">nsqd, nsqlookupd, …</param>
    public static string BannerOf(string program) =>
        $"{program} v{new GatewayOptions().Version} (built w/dotnet{Environment.Version})";

    /// <summary>What this program is itself.</summary>
    public static readonly string Own = $"Broker {Version}";
}

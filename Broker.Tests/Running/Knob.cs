using System.Globalization;

namespace Broker.Tests.Running;

/// <summary>Variables of the environment that make a campaign longer, or have one case of it run again.</summary>
internal static class Knob
{
    /// <summary>What a variable says; null when it is not set, or is no number.</summary>
    public static T? Read<T>(string name)
        where T : struct, IParsable<T> =>
        T.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out T value) ? value : null;
}

using System.Globalization;

namespace Broker.Tests.Security;

/// <summary>What the objects of a broker in a process of its own take.</summary>
internal static class LiveBytes
{
    private const string Figure = "heap_bytes ";

    /// <summary>Bytes of live objects, after the collector has taken all others.</summary>
    public static async Task<long> MeasureAsync(HttpClient http)
    {
        using HttpResponseMessage freed = await http.PostAsync("/debug/freememory", null);
        freed.EnsureSuccessStatusCode();
        string[] lines = (await http.GetStringAsync("/debug/pprof/heap")).Split('\n');
        return long.Parse(lines.Single(line => line.StartsWith(Figure, StringComparison.Ordinal))[Figure.Length..], CultureInfo.InvariantCulture);
    }
}

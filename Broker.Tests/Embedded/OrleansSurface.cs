using System.Reflection;

namespace Broker.Tests.Embedded;

/// <summary>What Orleans 10.4.2 declares: one assembly of it as it is, and a list read from the source of the others.</summary>
internal sealed class OrleansSurface
{
    private readonly SortedDictionary<string, SortedSet<string>> _types;

    private OrleansSurface(SortedDictionary<string, SortedSet<string>> types) => _types = types;

    public static OrleansSurface Load()
    {
        string packages = typeof(OrleansSurface).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "NuGetPackageRoot").Value!;
        string assembly = Path.Combine(
            packages, "microsoft.orleans.core.abstractions", "10.4.2", "lib", "net10.0", "Orleans.Core.Abstractions.dll");
        using FileStream file = File.OpenRead(assembly);
        SortedDictionary<string, SortedSet<string>> types = PublicSurface.Of(file, "Orleans.");
        using Stream list = typeof(OrleansSurface).Assembly.GetManifestResourceStream("OrleansSignatures.txt")!;
        using StreamReader reader = new(list);
        SortedSet<string>? members = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("    ", StringComparison.Ordinal))
            {
                members!.Add(line.Trim());
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                types.Add(line, members = new SortedSet<string>(StringComparer.Ordinal));
            }
        }
        return new OrleansSurface(types);
    }

    /// <summary>What an assembly declares in Orleans' namespaces that Orleans does not, or declares otherwise.</summary>
    public IReadOnlyList<string> Differences(Stream assembly)
    {
        List<string> differences = [];
        foreach ((string type, SortedSet<string> lines) in PublicSurface.Of(assembly, "Orleans."))
        {
            if (!_types.TryGetValue(type, out SortedSet<string>? real))
            {
                differences.Add($"Orleans has no {type}");
                continue;
            }
            differences.AddRange(lines.Except(real).Select(line => $"{type} has no: {line}"));
        }
        return differences;
    }
}

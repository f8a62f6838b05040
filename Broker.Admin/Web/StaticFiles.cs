using System.Collections.Frozen;
using System.Reflection;

namespace Broker.Admin;

/// <summary>The files that browsers fetch: built into the assembly, or of a folder while one works on them.</summary>
/// <param name="options">The folder.</param>
/// <param name="paths">Where they lie.</param>
public sealed class StaticFiles(AdminOptions options, AdminPaths paths)
{
    private const string Prefix = "asset:";

    private static readonly FrozenDictionary<string, StaticFile> BuiltIn = Load();

    /// <summary>The path of a file, which changes when it does.</summary>
    public string UrlOf(string name) => $"{paths.At($"/static/{name}")}?v={Find(name)?.Version}";

    /// <summary>A file; null when there is none of that name.</summary>
    internal StaticFile? Find(string name)
    {
        if (options.DevStaticDir.Length > 0 && name == Path.GetFileName(name) && Path.Combine(options.DevStaticDir, name) is { } path && File.Exists(path))
            return new StaticFile(StaticFile.TypeOf(name), File.ReadAllBytes(path));
        return BuiltIn.GetValueOrDefault(name);
    }

    private static FrozenDictionary<string, StaticFile> Load()
    {
        Assembly assembly = typeof(StaticFiles).Assembly;
        Dictionary<string, StaticFile> files = [];
        foreach (string resource in assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = assembly.GetManifestResourceStream(resource)!;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            string name = resource[Prefix.Length..];
            files.Add(name, new StaticFile(StaticFile.TypeOf(name), bytes));
        }
        return files.ToFrozenDictionary(StringComparer.Ordinal);
    }
}

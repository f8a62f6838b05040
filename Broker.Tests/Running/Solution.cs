namespace Broker.Tests.Running;

/// <summary>Where the sources and what was built from them lie.</summary>
public static class Solution
{
    // …/Broker.Tests/bin/<configuration>/<framework>/
    private static readonly DirectoryInfo Framework = new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    /// <summary>The folder of the solution.</summary>
    public static string Folder { get; } = Framework.Parent!.Parent!.Parent!.Parent!.FullName;

    /// <summary>Where a file of the solution lies.</summary>
    public static string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>The broker's executable, of the same configuration as the tests.</summary>
    public static string Executable { get; } =
        Path.Combine(Folder, "Broker.Silo", "bin", Framework.Parent!.Name, Framework.Name, "Broker.Silo");
}

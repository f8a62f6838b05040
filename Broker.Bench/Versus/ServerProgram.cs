namespace Broker.Bench.Versus;

/// <summary>A program that serves a system, and where to look for it.</summary>
/// <param name="Name">What <c>--program</c> calls it.</param>
/// <param name="Package">Where to get it, for who does not have it.</param>
/// <param name="Places">Names to look for on the path, or paths, the best first.</param>
internal sealed record ServerProgram(string Name, string Package, params IReadOnlyList<string> Places)
{
    /// <summary>Its path: the one given, or the first of its places that exists; null if it is not installed.</summary>
    /// <exception cref="LoadException">The given path is no file.</exception>
    public string? Find(IReadOnlyDictionary<string, string> given)
    {
        if (given.TryGetValue(Name, out string? path))
            return File.Exists(path) ? Path.GetFullPath(path) : throw new LoadException($"--program {Name}={path}: there is no such file");
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return Places
            .SelectMany(place => Path.IsPathRooted(place) ? [place] : folders.Select(folder => Path.Combine(folder, place)))
            .FirstOrDefault(File.Exists);
    }
}

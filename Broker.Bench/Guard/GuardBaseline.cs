using System.Text.Json;

namespace Broker.Bench.Guard;

/// <summary>The file with what each micro benchmark cost when somebody last wrote it.</summary>
internal static class GuardBaseline
{
    /// <summary>Reads it.</summary>
    /// <exception cref="LoadException">It is no such file.</exception>
    public static SortedDictionary<string, GuardedFigure> Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), GuardJson.Default.SortedDictionaryStringGuardedFigure)
                ?? throw new LoadException($"{path} is empty: write it with --write");
        }
        catch (JsonException exception)
        {
            throw new LoadException($"{path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Writes it.</summary>
    public static void Write(string path, IReadOnlyDictionary<string, GuardedFigure> run) => File.WriteAllText(
        path,
        JsonSerializer.Serialize(
            new SortedDictionary<string, GuardedFigure>(run.ToDictionary(
                one => one.Key, one => new GuardedFigure(Math.Round(one.Value.AllocatedBytes, 2), Math.Round(one.Value.Nanoseconds, 2)))),
            GuardJson.Default.SortedDictionaryStringGuardedFigure) + "\n");
}

using Broker.Silo.Hosting;

namespace Broker.Silo.Settings;

/// <summary>The folder that messages are kept in.</summary>
public static class DataFolder
{
    /// <summary>As <see cref="Check"/>, but where only the parent is there, the folder may be missing: <see cref="Create"/> makes it.</summary>
    /// <exception cref="FormatException">It is not there and its parent neither, or it is no folder, or not writable.</exception>
    public static string CheckNew(string path)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path.Length == 0 ? "." : path));
        return !Path.Exists(folder) && Directory.Exists(Path.GetDirectoryName(folder)) ? folder : Check(folder);
    }

    /// <summary>Creates the folder if it is missing.</summary>
    /// <exception cref="StartException">It cannot be created.</exception>
    public static void Create(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"data path {folder} cannot be created: {e.Message}");
        }
    }

    /// <summary>The absolute path of a folder that can be used; the current one when none is named.</summary>
    /// <exception cref="FormatException">It is not there, no folder, or not writable.</exception>
    public static string Check(string path)
    {
        string folder = Path.GetFullPath(path.Length == 0 ? "." : path);
        if (File.Exists(folder)) throw new FormatException($"{folder} is not a directory");
        if (!Directory.Exists(folder)) throw new FormatException($"{folder} does not exist; create it or name another directory");
        try
        {
            // Only writing tells: permission bits say nothing about read-only mounts, quotas and access lists.
            string probe = Path.Combine(folder, $".broker-{Guid.NewGuid():N}");
            using FileStream file = new(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"{folder} is not writable; allow this user to write there or name another directory");
        }
        return folder;
    }
}

namespace Broker.Silo.Settings;

/// <summary>The folder that messages are kept in.</summary>
public static class DataFolder
{
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

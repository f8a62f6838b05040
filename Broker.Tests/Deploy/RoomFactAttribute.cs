using System.Diagnostics;

namespace Broker.Tests.Deploy;

/// <summary>A fact that needs mounts of its own and another user, where it may have them.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RoomFactAttribute : FactAttribute
{
    private static readonly bool IsAllowed = Environment.UserName == "root" && Try();

    public RoomFactAttribute()
    {
        if (!IsAllowed) Skip = "this process may mount nothing: run it as root, with CAP_SYS_ADMIN";
    }

    private static bool Try()
    {
        using Process process = Process.Start("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]);
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}

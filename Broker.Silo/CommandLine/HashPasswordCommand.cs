using System.CommandLine;
using System.CommandLine.Help;
using Broker.Admin;
using Broker.Silo.Settings;

namespace Broker.Silo.CommandLine;

/// <summary>Makes a line for the file that <c>--admin-password-file</c> names; the password comes on standard input, where no process list shows it.</summary>
public sealed class HashPasswordCommand : Command
{
    /// <summary>What it is called.</summary>
    public const string CommandName = "hash-password";

    private readonly Option<string> _user = new("--user") { Description = "the user's name", Required = true, HelpName = "name" };

    private readonly Option<string> _role = new("--role")
    {
        Description = "admin may change things, viewer may not",
        DefaultValueFactory = static _ => "admin",
        HelpName = "admin|viewer",
    };

    /// <param name="input">Where the password comes from.</param>
    public HashPasswordCommand(TextReader input)
        : base(CommandName, "print a line for --admin-password-file; reads the password from standard input")
    {
        Options.Add(_user);
        Options.Add(_role);
        // Of its own, as the program's lists its flags.
        Options.Add(new HelpOption());
        SetAction(result => Print(result, input));
    }

    private int Print(ParseResult result, TextReader input)
    {
        AdminRole role = result.GetValue(_role) switch
        {
            "admin" => AdminRole.Admin,
            "viewer" => AdminRole.Viewer,
            { } other => throw new SettingsException($"--role: \"{other}\" is not one of admin, viewer"),
            null => throw new SettingsException("--role: a value is missing; write admin or viewer"),
        };
        if (input.ReadLine() is not { Length: > 0 } password)
            throw new SettingsException("hash-password: write the password to standard input, followed by a newline");
        try
        {
            result.InvocationConfiguration.Output.WriteLine(PasswordEntry.Of(result.GetValue(_user)!, role, password));
            return ExitCode.Done;
        }
        catch (FormatException)
        {
            throw new SettingsException("--user: a name must not be empty, and must have no colon and no control characters");
        }
    }
}

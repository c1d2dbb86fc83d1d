using Idiolect.Cli;

using var terminal = Terminal.Open();
using var interruption = new Interruption(terminal);
return await Application.RunAsync(args, terminal, interruption.Token).ConfigureAwait(false);

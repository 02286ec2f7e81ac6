// SPDX-License-Identifier: GPL-3.0-or-later
// The same as bare instructions (x86-64): from anywhere in memory, without a loader or a library; it ends the process. With I386 a whole program of 32 bits.
#ifdef I386
	.globl	_start
_start:	movl	$5, %eax		// open
	movl	$path, %ebx
	movl	$02001, %ecx		// O_WRONLY | O_APPEND
	int	$0x80
	movl	%eax, %ebx
	movl	$token, %ecx
	movl	$4, %edx
turn:	notl	-4(%ecx,%edx,4)
	decl	%edx
	jnz	turn
	movl	$4, %eax		// write
	movl	$16, %edx
	int	$0x80
	movl	$1, %eax		// exit
	xorl	%ebx, %ebx
	int	$0x80
	.data
token:	.quad	LOW
	.quad	HIGH
path:	.asciz	"/proof/token"
#else
	.globl	_start
_start:	movl	$2, %eax		// open
	leaq	path(%rip), %rdi
	movl	$02001, %esi		// O_WRONLY | O_APPEND
	xorl	%edx, %edx
	syscall
	movl	%eax, %edi
	subq	$64, %rsp
	movabsq	$LOW, %rax
	notq	%rax
	movq	%rax, (%rsp)
	movabsq	$HIGH, %rax
	notq	%rax
	movq	%rax, 8(%rsp)
	movl	$1, %eax		// write
	movq	%rsp, %rsi
	movl	$16, %edx
	syscall
	movl	$231, %eax		// exit_group
	xorl	%edi, %edi
	syscall
path:	.asciz	"/proof/token"
#endif

	.section .note.GNU-stack,"",@progbits	// its stack and data are no code
